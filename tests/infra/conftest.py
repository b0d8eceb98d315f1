"""Fixtures of the tests of the outside."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.store.open import open_store
from infra.store.owned import OwnedStore


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnedStore]:
    """An empty history on each database."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with closing(open_store(url, create=True)) as opened:
        yield opened
