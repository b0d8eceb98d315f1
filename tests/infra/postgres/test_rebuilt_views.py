"""Right after a rebuild the server knows how large views are: nobody waits for its autovacuum."""

from collections.abc import Iterator

import pytest

from infra.postgres.store import PostgresStore
from infra.views.open import open_views
from tests.support.past import Past, whole

BUILT = """
    SELECT relname, reltuples::bigint FROM pg_class
    WHERE starts_with(relname::text, 'view_invoices_v') AND relkind = 'r'
        AND relnamespace = current_schema()::regnamespace
"""


@pytest.fixture
def past(postgres_url: str) -> Iterator[Past]:
    found = whole(postgres_url)
    yield found
    found.close()


def sizes(past: Past) -> dict[str, int]:
    """How many rows the server believes each table behind a public name to have."""
    assert isinstance(past.store, PostgresStore)
    with past.store.sessions.session() as session:
        return {str(name): int(rows) for name, rows in session.execute(BUILT).fetchall()}


def test_tables_are_analyzed_when_they_are_built_and_built_anew(past: Past) -> None:
    views = open_views(past.store)
    views.catch_up()
    rows = len(list(views.rows("SELECT 1 FROM view_invoices")))
    assert rows > 0
    (first,) = sizes(past).items()
    assert first[1] == rows
    views.rebuild(["invoices"])
    (second,) = sizes(past).items()
    assert second[0] != first[0]
    assert second[1] == rows
