"""Packages without proration (R12)."""

from tests.support.held import Held, package


def test_a_stub_costs_the_full_price() -> None:
    held = Held(package(prorate=False), "2020-10-04")
    assert held.bill_on("2020-11-01") == [("stub", "2020-10-04", "2020-11-01", 28, 31, 3100)]


def test_one_line_from_the_first_to_after_the_last_charged_day() -> None:
    held = Held(package(prorate=False), "2020-10-01", cancel="2020-10-29")
    held.suspend("2020-10-01", "2020-10-03")
    held.suspend("2020-10-11", "2020-10-21")
    held.set_price(9900, "2020-10-04")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-03", "2020-10-29", 16, 31, 3100)]


def test_no_charged_day_is_no_line() -> None:
    held = Held(package(prorate=False), "2020-10-01")
    held.suspend("2020-10-01", "2020-11-01")
    assert held.bill_on("2020-11-01") == []


def test_nothing_is_settled() -> None:
    held = Held(package(prorate=False, billing="advance"), "2020-10-01")
    held.bill_on("2020-10-01")
    held.suspend("2020-10-01", "2020-11-01")
    held.cancel("2020-11-01", "2020-10-05")
    assert held.bill_on("2020-11-01") == []
    assert held.state.ended
