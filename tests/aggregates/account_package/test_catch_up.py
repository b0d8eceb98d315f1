"""How many cycles an execution bills and what stays behind (R9)."""

import pytest

from aggregates.account_package.cycles import MOST_CYCLES
from tests.support.held import Held, package


@pytest.mark.parametrize(
    ("catch_up", "billed", "left", "following"),
    [
        ("one", 0, "before_period", "2020-02-01"),
        ("1", 1, "more_cycles", "2020-03-01"),
        ("3", 3, "more_cycles", "2020-05-01"),
        ("5", 5, None, "2020-07-01"),
        ("9", 5, None, "2020-07-01"),
        ("all", 5, None, "2020-07-01"),
    ],
)
def test_cycles_by_catch_up(catch_up: str, billed: int, left: str | None, following: str) -> None:
    held = Held(package(), "2020-01-01")
    billing = held.bill("2020-06-01", "2020-06-30", catch_up)
    assert (len(billing.cycles), billing.left, held.next) == (billed, left, following)
    assert str(billing.next_bill_date) == following


def test_a_cycle_without_a_line_counts() -> None:
    held = Held(package(), "2020-01-01")
    held.suspend("2020-01-01", "2020-03-01")
    billing = held.bill("2020-06-01", "2020-06-30", "3")
    assert [len(cycle.charges) for cycle in billing.cycles] == [0, 0, 1]
    assert billing.left == "more_cycles"


@pytest.mark.parametrize("catch_up", ["all", "5000"])
def test_at_most_a_thousand_cycles(catch_up: str) -> None:
    held = Held(package(frequency="daily"), "2015-01-01")
    billing = held.bill("2015-01-01", "2020-01-01", catch_up)
    assert (len(billing.cycles), billing.left) == (MOST_CYCLES, "more_cycles")


def test_both_ends_of_the_period_count() -> None:
    for start, end in (("2020-02-01", "2020-02-10"), ("2020-01-10", "2020-02-01")):
        assert len(Held(package(), "2020-01-01").bill(start, end).cycles) == 1


def test_what_has_ended_is_not_due() -> None:
    held = Held(package(), "2020-01-01", cancel="2020-01-01")
    assert held.bill("2020-01-01", "2030-01-01", "all") == ((), None, None)
