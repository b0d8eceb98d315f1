"""Worked examples of rules.md about cancels, settlements and a changed bill day."""

from tests.support.held import Held, package


def test_example_16_a_late_cancel_in_advance_is_credited() -> None:
    held = Held(package(billing="advance"), "2020-09-01")
    held.bill("2020-09-01", "2020-10-01", "all")
    held.cancel("2020-10-11", "2020-10-11")
    assert held.bill_on("2020-11-01") == [("credit", "2020-10-01", "2020-11-01", -21, 31, -2100)]
    assert (held.next, held.state.ended) == (None, True)


def test_example_24_a_credit_leaves_what_would_have_been_charged() -> None:
    late = Held(package(101, billing="advance"), "2023-02-01")
    late.bill_on("2023-02-01")
    late.cancel("2023-02-15", "2023-02-15")
    assert late.bill_on("2023-03-01") == [("credit", "2023-02-01", "2023-03-01", -14, 28, -50)]
    known = Held(package(101, billing="advance"), "2023-02-01", cancel="2023-02-15")
    known.bill("2023-02-01", "2023-03-01", "all")
    assert known.charges[0].days == 14
    assert late.total == known.total == 51


def test_example_25_a_changed_bill_day_makes_a_bridge() -> None:
    held = Held(package(3000), "2020-09-01")
    held.bill_on("2020-10-01")
    held.change_bill_day(15, "2020-10-10")
    assert held.bill_on("2020-11-01") == [("recurring", "2020-10-01", "2020-11-01", 31, 31, 3000)]
    assert held.bill_on("2020-11-15") == [("stub", "2020-11-01", "2020-11-15", 14, 31, 1355)]
    assert held.bill_on("2020-12-15") == [("recurring", "2020-11-15", "2020-12-15", 30, 30, 3000)]


def test_example_30_an_annual_package_ends_on_a_monthly_bill_day() -> None:
    held = Held(package(36500, frequency="annual"), "2022-10-04")
    held.bill_on("2022-11-01")
    held.cancel("2023-01-15", "2023-01-10")
    assert held.bill_on("2023-02-01") == [("recurring", "2022-11-01", "2023-01-15", 75, 365, 7500)]
    assert (held.next, held.state.ended) == (None, True)


def test_example_31_a_cancel_known_before_the_period() -> None:
    held = Held(package(billing="advance"), "2022-12-01")
    held.bill_on("2022-12-01")
    held.cancel("2023-01-15", "2022-12-20")
    assert held.bill_on("2023-01-01") == [("recurring", "2023-01-01", "2023-01-15", 14, 31, 1400)]
    assert held.bill_on("2023-02-01") == []
    assert (held.next, held.state.ended) == (None, True)


def test_example_31_withdrawn_it_is_charged_again() -> None:
    held = Held(package(billing="advance"), "2022-12-01")
    held.bill_on("2022-12-01")
    held.cancel("2023-01-15", "2022-12-20")
    held.bill_on("2023-01-01")
    held.cancel(None, "2023-01-10")
    assert held.bill_on("2023-02-01") == [
        ("adjustment", "2023-01-01", "2023-02-01", 17, 31, 1700),
        ("recurring", "2023-02-01", "2023-03-01", 28, 28, 3100),
    ]


def test_example_32_a_backdated_cancel_of_an_annual_package() -> None:
    held = Held(package(36500, frequency="annual", billing="advance"), "2022-01-01")
    held.bill_on("2022-01-01")
    held.cancel("2022-10-11", "2022-12-20")
    assert held.bill_on("2023-01-01") == [("credit", "2022-01-01", "2023-01-01", -82, 365, -8200)]
    assert (held.next, held.state.ended) == (None, True)
