"""Worked examples of rules.md about charged days and amounts."""

import pytest

from aggregates.money import parse_amount
from aggregates.refusal import Refusal
from tests.support.held import Held, package


def test_example_08_a_start_within_the_month() -> None:
    held = Held(package(), "2020-10-04")
    assert held.bill_on("2020-11-01") == [("stub", "2020-10-04", "2020-11-01", 28, 31, 2800)]


def test_example_09_a_cancel_within_the_month() -> None:
    held = Held(package(), "2020-10-01")
    held.cancel("2020-10-24", "2020-10-20")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-10-24", 23, 31, 2300)]
    assert held.next is None


def test_example_13_the_first_stub_in_advance_is_a_charge_of_its_own() -> None:
    held = Held(package(3000, billing="advance"), "2020-10-04")
    held.bill("2020-11-01", "2020-11-30")
    first, second = held.charges
    assert (first.kind, first.days, first.full_days, first.amount) == ("stub", 28, 31, 2710)
    assert (first.start.isoformat(), first.end.isoformat()) == ("2020-10-04", "2020-11-01")
    assert (second.kind, second.amount) == ("recurring", 3000)
    assert (second.start.isoformat(), second.end.isoformat()) == ("2020-11-01", "2020-12-01")
    assert held.next == "2020-12-01"


def test_example_15_a_stub_of_a_year() -> None:
    held = Held(package(36500, frequency="annual"), "2022-10-04")
    assert held.bill_on("2022-11-01") == [("stub", "2022-10-04", "2022-11-01", 28, 365, 2800)]
    assert held.bill_on("2023-11-01") == [
        ("recurring", "2022-11-01", "2023-11-01", 365, 365, 36500)
    ]


def test_example_17_a_suspension_makes_two_lines() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-11", "2020-10-21")
    assert held.bill_on("2020-11-01") == [
        ("recurring", "2020-10-01", "2020-10-11", 10, 31, 1000),
        ("recurring", "2020-10-21", "2020-11-01", 11, 31, 1100),
    ]


def test_example_22_a_currency_without_minor_unit() -> None:
    held = Held(package(1000, currency="JPY"), "2020-10-01", cancel="2020-10-11", currency="JPY")
    assert held.bill_on("2020-11-01")[0][3:] == (10, 31, 323)
    with pytest.raises(Refusal) as refused:
        parse_amount("10.5", 0)
    assert refused.value.code == "amount_too_precise"


def test_example_23_a_suspension_across_two_months() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-11", "2020-11-16")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-10-11", 10, 31, 1000)]
    assert held.bill_on("2020-12-01") == [("recurring", "2020-11-16", "2020-12-01", 15, 30, 1550)]
