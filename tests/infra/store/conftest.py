"""A store of its own for a test: in a file, and in a schema of a server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.infra.store.tampering import bill_twice


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nothing is yet; a file that is about one kind of store alone has its own `url`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def store(url: str) -> Iterator[OwnedStore]:
    with closing(open_store(url, create=True)) as opened:
        yield opened


@pytest.fixture
def billed(store: OwnedStore) -> OwnedStore:
    """Five accounts, billed for two months."""
    bill_twice(store)
    return store


@pytest.fixture
def file(tmp_path: Path) -> Iterator[OwnedStore]:
    """The same in a file, where a column holds any type."""
    with closing(open_store(f"sqlite:///{tmp_path / 'file.db'}", create=True)) as store:
        bill_twice(store)
        yield store
