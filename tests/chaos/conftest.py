"""kafka-python leaves sockets to the garbage collector when a connection fails: no test's fault."""

import gc
from collections.abc import Generator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(autouse=True)
def _no_sockets_left() -> Generator[None]:
    yield
    gc.collect()
