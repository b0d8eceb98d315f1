"""A small past to look at, in a file and in a schema of a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.past import Past, whole


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nothing is yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'past.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def past(url: str) -> Iterator[Past]:
    found = whole(url)
    yield found
    found.close()
