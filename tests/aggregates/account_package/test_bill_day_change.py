"""Changing the bill day: the period begun finishes, then a bridge (R10)."""

import pytest

from aggregates.refusal import Refusal
from tests.support.held import Held, package


def test_in_advance_the_bridge_is_billed_on_k() -> None:
    held = Held(package(3000, billing="advance"), "2020-10-01")
    held.bill_on("2020-10-01")
    held.change_bill_day(15, "2020-10-10")
    assert held.bill_on("2020-11-01") == [("stub", "2020-11-01", "2020-11-15", 14, 31, 1355)]
    assert held.bill_on("2020-11-15") == [("recurring", "2020-11-15", "2020-12-15", 30, 30, 3000)]


def test_in_advance_the_first_stub_and_the_bridge_stand_side_by_side() -> None:
    held = Held(package(3100, billing="advance"), "2020-10-04")
    held.change_bill_day(15, "2020-10-10")
    assert held.bill_on("2020-11-01") == [
        ("stub", "2020-10-04", "2020-11-01", 28, 31, 2800),
        ("stub", "2020-11-01", "2020-11-15", 14, 31, 1400),
    ]


def test_on_a_bill_day_the_period_that_begins_finishes() -> None:
    held = Held(package(), "2020-10-01")
    held.change_bill_day(15, "2020-11-01")
    assert held.bill_on("2020-11-01")[0][2] == "2020-11-01"
    assert held.bill_on("2020-12-01")[0][3:] == (30, 30, 3100)
    assert held.bill_on("2020-12-15")[0][3:] == (14, 30, 1447)


def test_dates_missed_before_the_change_keep_the_old_day() -> None:
    held = Held(package(), "2020-05-01")
    held.change_bill_day(15, "2020-07-10")
    held.bill("2020-08-01", "2020-09-30", "all")
    assert [d.isoformat() for d in held.bill_dates] == [
        "2020-06-01",
        "2020-07-01",
        "2020-08-01",
        "2020-08-15",
        "2020-09-15",
    ]


def test_a_package_effective_later_uses_the_new_day_from_its_start() -> None:
    held = Held(package(), "2020-10-10")
    held.change_bill_day(15, "2020-10-10")
    assert held.next == "2020-10-15"
    assert len(held.state.calendar) == 1


def test_an_annual_bridge_is_prorated_over_its_year() -> None:
    held = Held(package(36500, frequency="annual"), "2021-01-01")
    held.change_bill_day(15, "2021-06-01")
    held.bill_on("2022-01-01")
    assert held.bill_on("2022-01-15") == [("stub", "2022-01-01", "2022-01-15", 14, 365, 1400)]
    assert held.next == "2023-01-15"


def test_a_second_change_before_k_replaces_the_first() -> None:
    held = Held(package(), "2020-10-01")
    held.change_bill_day(15, "2020-10-05")
    held.change_bill_day(20, "2020-10-10")
    held.bill_on("2020-11-01")
    assert held.next == "2020-11-20"
    held.change_bill_day(1, "2020-11-02")
    held.bill_on("2020-11-20")
    assert held.bill_on("2020-12-01") == [("stub", "2020-11-20", "2020-12-01", 11, 30, 1137)]


def test_back_to_the_old_day_before_k_is_no_change() -> None:
    held = Held(package(), "2020-10-01")
    before = held.state
    held.change_bill_day(15, "2020-10-05")
    held.change_bill_day(1, "2020-10-06")
    assert held.state == before


def test_a_whole_interval_is_no_stub() -> None:
    held = Held(package(), "2021-03-31", account_bill_day=31)
    held.change_bill_day(30, "2021-04-10")
    held.bill_on("2021-04-30")
    assert held.bill_on("2021-05-30")[0][0] == "recurring"


@pytest.mark.parametrize(
    "held",
    [
        Held(package(bill_day=7), "2020-10-01"),
        Held(package(), "2020-10-01", own_bill_day=7),
        Held(package(frequency="weekly"), "2020-10-01"),
        Held(package(frequency="once"), "2020-10-01"),
        Held(package(), "2020-10-01", account_bill_day=15),
    ],
)
def test_what_does_not_follow_the_account_stays(held: Held) -> None:
    assert held.change_bill_day(15, "2020-10-05") == []


def test_a_bill_day_of_32_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(), "2020-10-01").change_bill_day(32, "2020-10-05")
    assert refused.value.code == "bill_day_invalid"
