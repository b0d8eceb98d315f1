"""Public names outlive every rebuild, with what others were granted and made of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from consumers.worker import run_execution
from infra.postgres.address import parse
from infra.store.open import open_store
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from infra.views.registry import VIEWS
from tests.support import seed
from tests.support.past import Past, whole


@pytest.fixture
def past(postgres_url: str) -> Iterator[Past]:
    found = whole(postgres_url)
    yield found
    found.close()


@pytest.fixture
def dashboard(past: Past) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Somebody who may read the views and nothing else."""
    address = parse(past.url)
    role = f"role_{address.schema}"
    open_views(past.store).catch_up()
    with psycopg.connect(address.conninfo, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {address.schema} TO {role}".encode())
        for name in ("view_accounts", "view_invoices", "view_aging", "view_balances"):
            connection.execute(f"GRANT SELECT ON {address.schema}.{name} TO {role}".encode())
        connection.execute(f"SET search_path = {address.schema}".encode())
        connection.execute(f"SET ROLE {role}".encode())
        yield connection
        connection.execute("RESET ROLE")
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())


def numbers(dashboard: "psycopg.Connection[tuple[object, ...]]") -> list[object]:
    query = "SELECT number FROM view_invoices ORDER BY position"
    return [row[0] for row in dashboard.execute(query)]


def test_grants_survive_a_rebuild(
    past: Past, dashboard: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    before = numbers(dashboard)
    open_views(past.store).rebuild()
    assert numbers(dashboard) == before == ["INV-007854", "INV-007855"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        dashboard.execute("SELECT 1 FROM events")


def test_grants_survive_other_columns(
    past: Past, dashboard: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    def shorter(table: object) -> object:
        return replace(table, columns=table.columns[::-1])  # type: ignore[attr-defined, type-var]

    newer = tuple(
        replace(
            view,
            version=view.version + 1,
            tables=tuple(map(shorter, view.tables)),  # type: ignore[arg-type]
        )
        if view.name == "invoices"
        else view
        for view in VIEWS
    )
    open_views(past.store, newer).catch_up()
    first = dashboard.execute("SELECT * FROM view_invoices LIMIT 0").description or []
    assert [column.name for column in first][-1] == "position"
    assert numbers(dashboard) == ["INV-007854", "INV-007855"]
    assert dashboard.execute("SELECT sum(total) FROM view_aging").fetchone() is not None
    open_views(past.store).catch_up()
    assert numbers(dashboard) == ["INV-007854", "INV-007855"]
    assert compare_with_rebuild(past.store).differences == []


def test_days_and_times_are_the_databases_own(past: Past) -> None:
    views = open_views(past.store)
    views.catch_up()
    query = """
        SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name IN ('view_invoices', 'view_schedules')
    """
    types = {(table, column): type for table, column, type in views.rows(query)}
    assert types["view_invoices", "invoice_date"] == "date"
    assert types["view_schedules", "next_at"] == "timestamp with time zone"
    assert types["view_invoices", "lines"] == "json"


def test_what_every_run_changes_stays_on_its_page(postgres_url: str) -> None:
    store = open_store(postgres_url, create=True)
    seed.set_up(store)
    seed.add_accounts(store, 400)
    query = "SELECT id, (ctid::text::point)[0], next_bill_date FROM view_account_packages_v2_g1"

    def pages() -> tuple[dict[bytes, float], set[str]]:
        open_views(store).catch_up()
        rows = store.views_database().execute(query).fetchall()
        return {id: page for id, page, _ in rows}, {day for _, _, day in rows}

    before, days = pages()
    assert len(set(before.values())) > 2
    run_execution(store, seed.queue(store, date(2020, 10, 1), date(2020, 10, 31)))
    after, later = pages()
    assert (after, later) == (before, {"2020-11-01"}) != (before, days)
    store.close()
