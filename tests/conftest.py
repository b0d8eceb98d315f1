"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

from tests.support.world import World

pytest_plugins = ["tests.support.servers"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty sandbox on 5 October 2020."""
    return World(tmp_path)
