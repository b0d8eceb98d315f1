"""Suspending and resuming (R13)."""

import pytest

from aggregates.refusal import Refusal
from tests.support.held import Held, package


def test_an_open_suspension_charges_nothing_and_dates_move_on() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-01")
    assert held.bill_on("2020-11-01") == []
    held.resume("2020-11-11")
    assert held.bill_on("2020-12-01") == [("recurring", "2020-11-11", "2020-12-01", 20, 30, 2067)]


def test_resuming_on_its_first_day_takes_a_suspension_back() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-05")
    held.resume("2020-10-05")
    assert held.state.terms.suspensions == ()


def test_a_suspension_known_late_is_credited() -> None:
    held = Held(package(), "2020-09-01")
    held.bill("2020-10-01", "2020-12-01", "all")
    held.suspend("2020-10-11", "2020-11-16")
    assert held.bill_on("2021-01-01") == [
        ("credit", "2020-10-01", "2020-11-01", -21, 31, -2100),
        ("credit", "2020-11-01", "2020-12-01", -15, 30, -1550),
        ("recurring", "2020-12-01", "2021-01-01", 31, 31, 3100),
    ]


def test_its_end_known_late_is_charged_again() -> None:
    held = Held(package(), "2020-09-01")
    held.suspend("2020-10-11")
    held.bill("2020-10-01", "2020-11-01", "all")
    held.resume("2020-10-21")
    assert held.bill_on("2020-12-01")[0] == ("adjustment", "2020-10-01", "2020-11-01", 11, 31, 1100)


def test_a_change_taken_back_before_the_next_bill_date_settles_nothing() -> None:
    held = Held(package(), "2020-09-01")
    held.bill_on("2020-10-01")
    held.suspend("2020-09-11", "2020-09-12")
    held.resume("2020-09-11")
    assert held.state.settled is None
    assert len(held.bill_on("2020-11-01")) == 1


@pytest.mark.parametrize(
    ("start", "until"),
    [
        ("2020-10-05", "2020-10-12"),
        ("2020-10-12", None),
        ("2020-10-01", None),
        ("2020-10-19", "2020-12-01"),
    ],
)
def test_what_overlaps_is_already_suspended(start: str, until: str | None) -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-11", "2020-10-20")
    with pytest.raises(Refusal) as refused:
        held.suspend(start, until)
    assert refused.value.code == "already_suspended"


def test_neighbours_do_not_overlap_and_a_repeat_changes_nothing() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-20")
    held.suspend("2020-10-11", "2020-10-20")
    assert held.suspend("2020-10-11", "2020-10-20") == []
    assert [s.start.day for s in held.state.terms.suspensions] == [11, 20]


@pytest.mark.parametrize("until", ["2020-10-05", "2020-10-04"])
def test_a_suspension_has_a_day(until: str) -> None:
    with pytest.raises(Refusal) as refused:
        Held(package(), "2020-10-01").suspend("2020-10-05", until)
    assert refused.value.code == "suspension_empty"


def test_resuming_what_is_not_suspended() -> None:
    held = Held(package(), "2020-10-01")
    held.suspend("2020-10-11", "2020-10-20")
    assert held.resume("2020-10-20") == []
    for as_of in ("2020-10-10", "2020-10-21"):
        with pytest.raises(Refusal) as refused:
            held.resume(as_of)
        assert refused.value.code == "not_suspended"


def test_a_suspension_does_not_touch_once() -> None:
    held = Held(package(frequency="once"), "2020-10-04")
    held.suspend("2020-10-01")
    assert held.bill_on("2020-10-04") == [("one_time", "2020-10-04", "2020-10-05", 1, 1, 3100)]
    assert (held.next, held.state.ended) == (None, True)
