"""A store in a schema of its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.postgres.store import PostgresStore
from infra.store.open import open_store


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    with closing(open_store(postgres_url, create=True)) as opened:
        assert isinstance(opened, PostgresStore)
        yield opened
