"""Every worked example of the rules holds on both databases."""

from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """An empty sandbox on 5 October 2020."""
    if request.param == "sqlite":
        return World(tmp_path)
    return World(tmp_path, url=request.getfixturevalue("postgres_url"))
