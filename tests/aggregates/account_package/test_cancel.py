"""Cancelling, moving and withdrawing a cancel; the final bill date (R13)."""

from collections.abc import Callable

import pytest

from aggregates.refusal import Refusal
from tests.support.held import Held, package


@pytest.mark.parametrize(
    ("frequency", "cancel", "today", "final"),
    [
        ("quarterly", "2021-01-15", "2021-01-10", "2021-02-01"),
        ("quarterly", "2021-02-01", "2021-01-10", "2021-02-01"),
        ("quarterly", "2020-12-15", "2021-01-20", "2021-02-01"),
        ("quarterly", "2020-12-15", "2021-09-20", "2021-04-01"),
        ("semiannual", "2021-01-15", "2021-01-10", "2021-02-01"),
        ("every 2 years", "2021-01-15", "2021-01-10", "2021-02-01"),
        ("weekly", "2021-01-15", "2021-01-13", "2021-01-21"),
        ("every 10 days", "2021-01-15", "2021-01-10", "2021-01-19"),
        ("daily", "2021-01-15", "2021-01-13", "2021-01-15"),
    ],
)
def test_the_final_bill_date(frequency: str, cancel: str, today: str, final: str) -> None:
    held = Held(package(frequency=frequency), "2020-10-01")
    held.bill("2020-10-01", "2021-01-12", "all")
    held.cancel(cancel, today)
    while held.next is not None:
        held.bill_on(held.next)
    assert held.bill_dates[-1].isoformat() == final


def test_the_final_bill_date_goes_back_to_one_already_billed() -> None:
    held = Held(package(), "2020-12-01")
    held.bill_on("2021-01-01")
    held.cancel("2020-12-15", "2020-12-21")
    assert held.next == "2021-01-01"
    assert held.bill_on("2021-01-01") == [("credit", "2020-12-01", "2021-01-01", -17, 31, -1700)]
    assert held.state.ended


def test_withdrawing_restores_the_next_scheduled_date() -> None:
    held = Held(package(), "2020-12-01")
    held.bill_on("2021-01-01")
    held.cancel("2020-12-15", "2020-12-21")
    held.cancel(None, "2020-12-22")
    assert (held.next, held.state.notice, held.state.settled) == ("2021-02-01", None, None)
    assert held.bill_on("2021-02-01") == [("recurring", "2021-01-01", "2021-02-01", 31, 31, 3100)]


def test_moving_the_cancel_date() -> None:
    held = Held(package(frequency="annual"), "2021-01-01")
    held.cancel("2021-03-10", "2021-03-01")
    assert held.next == "2021-04-01"
    held.cancel("2021-06-10", "2021-03-15")
    assert held.next == "2021-07-01"
    assert held.bill_on("2021-07-01") == [("recurring", "2021-01-01", "2021-06-10", 160, 365, 1359)]


def test_the_same_cancel_again_changes_nothing() -> None:
    held = Held(package(), "2021-01-01")
    held.cancel("2021-03-10", "2021-03-01")
    assert held.cancel("2021-03-10", "2021-03-05") == []
    held.bill("2021-01-01", "2021-12-31", "all")
    assert held.state.ended
    assert held.cancel("2021-03-10", "2022-03-05") == []
    assert held.change_bill_day(9, "2022-01-01") == []


def test_what_has_ended_takes_no_changes() -> None:
    held = Held(package(), "2021-01-01", cancel="2021-02-10")
    held.bill("2021-01-01", "2021-12-31", "all")
    changes: list[Callable[[], object]] = [
        lambda: held.cancel(None, "2021-05-01"),
        lambda: held.cancel("2021-02-09", "2021-05-01"),
        lambda: held.suspend("2021-01-05"),
        lambda: held.set_price(5, "2021-01-05"),
        lambda: held.reschedule("2021-01-02", today="2021-05-01"),
    ]
    for change in changes:
        with pytest.raises(Refusal) as refused:
            change()
        assert refused.value.code == "already_ended"


def test_a_cancel_before_the_start_of_a_package_never_billed_ends_it() -> None:
    held = Held(package(), "2021-01-10")
    held.cancel("2021-01-05", "2021-01-05")
    assert (held.next, held.state.ended) == (None, True)


def test_a_cancel_before_the_start_of_a_billed_package_credits_all_of_it() -> None:
    held = Held(package(), "2021-01-10")
    held.bill("2021-01-01", "2021-03-01", "all")
    held.cancel("2021-01-05", "2021-03-02")
    held.bill_on("2021-04-01")
    assert (held.total, held.state.ended) == (0, True)


def test_a_stub_in_advance_is_charged_on_the_final_bill_date() -> None:
    sold = package(36500, frequency="annual", billing="advance")
    held = Held(sold, "2021-01-01", billed_to="2021-03-15")
    held.cancel("2021-06-20", "2021-06-01")
    assert held.bill_on("2021-07-01") == [("stub", "2021-03-15", "2021-06-20", 97, 365, 9700)]
    assert held.state.ended


def test_a_cancel_after_a_changed_bill_day_ends_on_the_new_one() -> None:
    held = Held(package(frequency="annual"), "2021-01-01")
    held.change_bill_day(15, "2021-05-05")
    held.cancel("2021-06-10", "2021-06-01")
    assert held.next == "2021-07-01"
    held.cancel("2022-01-10", "2021-06-02")
    assert held.bill_on("2022-01-01")[0][3:] == (365, 365, 3100)
    assert held.bill_on("2022-01-15") == [("stub", "2022-01-01", "2022-01-10", 9, 365, 76)]
    assert held.state.ended
