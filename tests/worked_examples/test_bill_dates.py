"""Worked examples of rules.md about which bill dates are billed and what comes next."""

from tests.support.held import Held, package


def test_example_01_due_in_the_period_is_billed_once_and_moves_on() -> None:
    held = Held(package(), "2020-08-01")
    billing = held.bill("2020-09-01", "2020-09-30")
    assert len(billing.cycles) == 1
    assert held.next == "2020-10-01"


def test_example_02_not_due_in_the_period_is_left_untouched() -> None:
    held = Held(package(), "2020-10-01")
    before = held.state
    billing = held.bill("2020-10-01", "2020-10-31")
    assert (billing.cycles, billing.left, held.next) == ((), None, "2020-11-01")
    assert held.state is before


def test_example_12_annual_in_advance_bills_every_first_of_march() -> None:
    held = Held(package(frequency="annual", billing="advance"), "2020-03-01")
    held.bill("2020-03-01", "2023-03-01", "all")
    assert [d.isoformat() for d in held.bill_dates] == [
        "2020-03-01",
        "2021-03-01",
        "2022-03-01",
        "2023-03-01",
    ]


def test_example_14_bill_day_31_is_clamped_anew_each_month() -> None:
    held = Held(package(), "2023-01-31", account_bill_day=31)
    held.bill("2023-02-01", "2023-05-31", "all")
    assert [d.isoformat() for d in held.bill_dates] == [
        "2023-02-28",
        "2023-03-31",
        "2023-04-30",
        "2023-05-31",
    ]


def test_example_18_an_older_date_waits_for_catch_up() -> None:
    held = Held(package(), "2020-07-01")
    billing = held.bill("2020-09-01", "2020-09-30")
    assert (billing.cycles, billing.left, held.next) == ((), "before_period", "2020-08-01")
    billing = held.bill("2020-09-01", "2020-09-30", "all")
    assert (len(billing.cycles), len(held.charges), held.next) == (2, 2, "2020-10-01")
    assert billing.left is None


def test_example_19_a_long_period_bills_one_or_all() -> None:
    one, all_of_them = Held(package(), "2020-08-01"), Held(package(), "2020-08-01")
    billing = one.bill("2020-09-01", "2020-11-30")
    assert (len(one.charges), one.next, billing.left) == (1, "2020-10-01", "more_cycles")
    billing = all_of_them.bill("2020-09-01", "2020-11-30", "all")
    assert (len(all_of_them.charges), all_of_them.next) == (3, "2020-12-01")
    assert billing.left is None


def test_example_20_weekly_from_a_tuesday() -> None:
    held = Held(package(frequency="weekly"), "2023-01-03")
    held.bill("2023-01-01", "2023-01-31", "all")
    assert [d.isoformat() for d in held.bill_dates] == [
        "2023-01-10",
        "2023-01-17",
        "2023-01-24",
        "2023-01-31",
    ]
    assert {charge.amount for charge in held.charges} == {3100}


def test_example_28_billed_to_of_a_migration() -> None:
    held = Held(package(), "2019-01-01", billed_to="2020-10-01", today="2020-10-05")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-11-01", 31, 31, 3100)]
    assert held.bill("2020-11-01", "2020-11-30").left is None
