"""A small past to look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.past import Past, whole


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    found = whole(tmp_path / "past.db")
    yield found
    found.close()
