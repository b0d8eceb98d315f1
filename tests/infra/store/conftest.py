"""A store in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.store.open import open_store
from infra.store.sqlite import SqliteStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.db'}"


@pytest.fixture
def store(url: str) -> Iterator[SqliteStore]:
    with open_store(url, create=True) as opened:
        yield opened
