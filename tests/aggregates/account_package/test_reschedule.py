"""Correcting when a package started (R10, R11)."""

import pytest

from aggregates.refusal import Refusal
from tests.support.held import Held, package


def test_a_package_never_billed_starts_anew() -> None:
    held = Held(package(), "2020-10-01")
    held.reschedule("2020-12-10", own_bill_day=20, today="2020-11-01")
    assert (held.next, held.state.own_bill_day) == ("2020-12-20", 20)
    held.reschedule("2020-12-10", billed_to="2021-02-01", today="2020-11-01")
    assert (held.next, held.state.own_bill_day) == ("2021-03-01", None)


def test_nothing_changed_is_no_event() -> None:
    held = Held(package(), "2020-10-01", billed_to="2020-11-05")
    assert held.reschedule("2020-10-01", billed_to="2020-11-05", today="2020-12-01") == []


def test_a_known_cancel_stays() -> None:
    held = Held(package(frequency="annual"), "2020-10-01", cancel="2021-03-15", today="2020-10-01")
    held.reschedule("2020-11-01", today="2020-10-20")
    assert held.next == "2021-04-01"
    held.reschedule("2021-03-15", today="2020-10-20")
    assert held.next is None
    assert held.state.ended


@pytest.mark.parametrize(
    ("effective", "billed_to"), [("2020-10-02", None), ("2020-10-01", "2020-10-05")]
)
def test_the_start_of_a_billed_package_stays(effective: str, billed_to: str | None) -> None:
    held = Held(package(), "2020-10-01")
    held.bill_on("2020-11-01")
    with pytest.raises(Refusal) as refused:
        held.reschedule(effective, billed_to=billed_to, today="2020-11-05")
    assert refused.value.code == "already_billed"


def test_the_own_bill_day_of_a_billed_package_changes_by_a_bridge() -> None:
    held = Held(package(), "2020-10-01")
    held.bill_on("2020-11-01")
    held.reschedule("2020-10-01", own_bill_day=15, today="2020-11-05")
    assert held.state.own_bill_day == 15
    held.bill_on("2020-12-01")
    assert held.bill_on("2020-12-15")[0][0] == "stub"
    held.reschedule("2020-10-01", today="2020-12-20")
    held.bill_on("2021-01-15")
    assert held.next == "2021-02-01"
    assert held.state.own_bill_day is None


def test_an_own_bill_day_equal_to_the_account_s_is_kept() -> None:
    held = Held(package(), "2020-10-01")
    held.bill_on("2020-11-01")
    held.reschedule("2020-10-01", own_bill_day=1, today="2020-11-05")
    assert (held.state.own_bill_day, held.next) == (1, "2020-12-01")
    assert held.change_bill_day(15, "2020-11-06") == []
