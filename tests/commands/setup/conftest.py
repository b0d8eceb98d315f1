from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.books import Books
from tests.support.world import base


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Books]:
    """Books with nothing in them."""
    books = Books(tmp_path)
    yield books
    books.store.close()


@pytest.fixture
def books(empty: Books) -> Books:
    """Books with the base setup."""
    empty.apply(base())
    return empty
