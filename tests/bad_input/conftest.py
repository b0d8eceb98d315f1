from pathlib import Path

import pytest

from tests.bad_input.asking import Desk
from tests.support.world import account, base, package


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A parent with a child it is invoiced for, and an account of its own."""
    desk = Desk(tmp_path)
    desk.apply(
        base(
            accounts=[
                account("P-1", currency="EUR"),
                account("C-1", package("C-1/net", "2020-09-01"), parent="P-1", invoicer="parent"),
                account("A-1", package("A-1/net", "2020-09-01")),
            ]
        )
    )
    return desk


@pytest.fixture
def empty(tmp_path: Path) -> Desk:
    """A database without a setup."""
    return Desk(tmp_path)
