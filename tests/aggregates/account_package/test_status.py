"""What an account-package is on a day."""

import pytest

from aggregates.account_package.views import status_on
from tests.support.held import Held, day, package


@pytest.mark.parametrize(
    ("on", "status"),
    [
        ("2020-10-10", "active"),
        ("2020-10-11", "suspended"),
        ("2020-10-19", "suspended"),
        ("2020-10-20", "active"),
        ("2020-11-05", "suspended"),
        ("2020-11-15", "cancelled"),
    ],
)
def test_status(on: str, status: str) -> None:
    held = Held(package(), "2020-10-01", cancel="2020-11-15")
    held.suspend("2020-10-11", "2020-10-20")
    held.suspend("2020-11-05")
    assert status_on(held.state, day(on)) == status
