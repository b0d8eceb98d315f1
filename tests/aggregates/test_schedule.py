"""Schedules: what may be asked, in which status, and what each occurrence becomes (R2, R5, R9)."""

# ruff: noqa: DTZ001 - local times have no zone of their own

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from aggregates import schedule as rules
from aggregates.event import Event, ImpossibleEvent
from aggregates.identity import execution, text
from aggregates.refusal import Refusal
from aggregates.schedule import (
    BillRunScheduled,
    Occurrence,
    ScheduleCancelled,
    ScheduleFired,
    SchedulePaused,
    ScheduleResumed,
    ScheduleState,
    Timing,
    WindowSkipped,
)

ID = b"\x01" * 16
OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))
EVERY = Timing(kind="every", rule="FREQ=MONTHLY", begins=datetime(2020, 10, 1, 9))
NOW = Timing(kind="now")


def at(month: int, day: int, hour: int = 6) -> Occurrence:
    """A time in 2020 in UTC, for an owner who lives there."""
    return Occurrence(
        local=datetime(2020, month, day, hour), instant=datetime(2020, month, day, hour, tzinfo=UTC)
    )


def asked(
    timing: Timing = NOW,
    period: tuple[date, date | None] = OCTOBER,
    catch_up: str = "one",
    account: str | None = None,
) -> BillRunScheduled:
    return rules.schedule(
        bill_run="Default",
        timing=timing,
        first=at(10, 31),
        period_start=period[0],
        period_end=period[1],
        catch_up=catch_up,
        account=account,
        requested_by="ann",
    )


def given(*events: Event) -> ScheduleState:
    state: ScheduleState | None = None
    for event in events:
        state = rules.evolve(state, event)
    assert state is not None
    return state


def recurring(start: date = date(2020, 10, 1)) -> ScheduleState:
    return given(asked(EVERY, (start, None)))


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.code


def test_a_schedule_is_pending_until_its_first_occurrence() -> None:
    state = given(asked())
    assert (state.status, state.next_at, state.window_start) == (
        "pending",
        at(10, 31).instant,
        date(2020, 10, 1),
    )


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    reversed_period = (date(2020, 10, 31), date(2020, 10, 1))
    assert refused(lambda: asked(period=reversed_period)) == "period_end_before_start"


def test_a_period_of_one_day_is_a_period() -> None:
    assert asked(period=(date(2020, 10, 1), date(2020, 10, 1))).period_end == date(2020, 10, 1)


def test_a_one_time_schedule_needs_a_period_end() -> None:
    assert refused(lambda: asked(period=(date(2020, 10, 1), None))) == "period_end_missing"


def test_a_recurring_schedule_takes_no_period_end() -> None:
    assert refused(lambda: asked(EVERY)) == "period_end_with_recurrence"


def test_a_single_account_is_not_billed_by_a_recurrence() -> None:
    ask = lambda: asked(EVERY, (date(2020, 10, 1), None), account="C-1")  # noqa: E731
    assert refused(ask) == "recurrence_not_allowed"


@pytest.mark.parametrize(
    ("written", "kept"),
    [("one", "one"), ("all", "all"), ("3", "3"), (" 012 ", "12"), ("ALL", "all"), ("1000", "1000")],
)
def test_r9_catch_up_is_one_all_or_a_cap(written: str, kept: str) -> None:
    assert asked(catch_up=written).catch_up == kept


@pytest.mark.parametrize("written", ["", "0", "-1", "1.5", "some", "1001", "9" * 40, "³"])
def test_r9_any_other_catch_up_is_refused(written: str) -> None:
    assert refused(lambda: asked(catch_up=written)) == "catch_up_invalid"


def test_a_one_time_schedule_fires_once_over_its_period() -> None:
    state = given(asked())
    fired = rules.fire(state, ID, at(10, 31), None)
    assert isinstance(fired, ScheduleFired)
    assert (fired.period_start, fired.period_end) == OCTOBER
    assert fired.execution == text(execution(ID, "2020-10-31T06:00:00"))
    after = given(asked(), fired)
    assert (after.status, after.next_at, after.fired) == ("done", None, 1)


def test_the_execution_takes_what_the_schedule_says() -> None:
    state = given(asked(catch_up="3", account="C-1"))
    fired = rules.fire(state, ID, at(10, 31), None)
    assert isinstance(fired, ScheduleFired)
    queued = rules.execution_of(state, ID, fired)
    assert queued.schedule == text(ID)
    assert (queued.bill_run, queued.account, queued.catch_up) == ("Default", "C-1", "3")
    assert (queued.period_start, queued.period_end) == OCTOBER
    assert queued.requested_by == "ann"


def test_r5_windows_follow_each_other_without_gap() -> None:
    state = recurring()
    first = rules.fire(state, ID, at(11, 1), at(12, 1))
    state = rules.evolve(state, first)
    second = rules.fire(state, ID, at(12, 1), None)
    assert (first.period_start, first.period_end) == (date(2020, 10, 1), date(2020, 11, 1))
    assert (second.period_start, second.period_end) == (date(2020, 11, 2), date(2020, 12, 1))
    assert rules.evolve(state, second).status == "done"


def test_r5_a_window_that_starts_after_its_end_is_skipped_and_recorded() -> None:
    state = recurring(date(2020, 11, 15))
    skipped = rules.fire(state, ID, at(11, 1), at(12, 1))
    assert isinstance(skipped, WindowSkipped)
    state = rules.evolve(state, skipped)
    assert (state.status, state.window_start, state.fired) == ("pending", date(2020, 11, 15), 0)
    assert rules.fire(state, ID, at(12, 1), None).period_start == date(2020, 11, 15)


def test_r5_the_second_occurrence_of_a_day_is_skipped() -> None:
    state = recurring()
    state = rules.evolve(state, rules.fire(state, ID, at(11, 1, 8), at(11, 1, 20)))
    assert isinstance(rules.fire(state, ID, at(11, 1, 20), at(11, 2, 8)), WindowSkipped)


def test_r5_missed_recurrences_fire_once_as_the_latest_with_the_whole_window() -> None:
    fired = rules.fire(recurring(), ID, due=at(12, 1), following=at(12, 31))
    assert isinstance(fired, ScheduleFired)
    assert (fired.due, fired.period_start, fired.period_end) == (
        datetime(2020, 12, 1, 6),
        date(2020, 10, 1),
        date(2020, 12, 1),
    )


def test_r5_what_was_paused_takes_the_whole_window_after_resuming() -> None:
    state = rules.evolve(recurring(), SchedulePaused())
    assert state.status == "paused"
    state = rules.evolve(state, rules.resume(state, at(12, 31)))
    fired = rules.fire(state, ID, at(12, 31), None)
    assert (fired.period_start, fired.period_end) == (date(2020, 10, 1), date(2020, 12, 31))


def test_a_recurrence_with_nothing_left_is_done_when_resumed() -> None:
    state = rules.evolve(recurring(), SchedulePaused())
    assert rules.evolve(state, rules.resume(state, None)).status == "done"


def test_a_one_time_schedule_keeps_its_time_while_paused() -> None:
    state = given(asked(), SchedulePaused())
    assert rules.resume(state, None) == ScheduleResumed(
        next_due=at(10, 31).local, next_at=at(10, 31).instant
    )


def test_a_cancelled_schedule_never_fires() -> None:
    state = given(asked(), ScheduleCancelled())
    assert (state.status, state.next_at) == ("cancelled", None)
    assert refused(lambda: rules.fire(state, ID, at(10, 31), None)) == "schedule_cancelled"


DONE = given(asked(), rules.fire(given(asked()), ID, at(10, 31), None))
PENDING = given(asked())
PAUSED = given(asked(), SchedulePaused())
CANCELLED = given(asked(), ScheduleCancelled())


@pytest.mark.parametrize(
    ("state", "action", "code"),
    [
        (PENDING, "resume", "schedule_not_paused"),
        (PAUSED, "pause", "schedule_paused"),
        (PAUSED, "fire", "schedule_paused"),
        (DONE, "pause", "schedule_done"),
        (DONE, "resume", "schedule_done"),
        (DONE, "cancel", "schedule_done"),
        (DONE, "fire", "schedule_done"),
        (CANCELLED, "pause", "schedule_cancelled"),
        (CANCELLED, "resume", "schedule_cancelled"),
        (CANCELLED, "cancel", "schedule_cancelled"),
    ],
)
def test_r2_each_status_refuses_what_does_not_fit(
    state: ScheduleState, action: str, code: str
) -> None:
    actions: dict[str, Callable[[], object]] = {
        "pause": lambda: rules.pause(state),
        "resume": lambda: rules.resume(state, None),
        "cancel": lambda: rules.cancel(state),
        "fire": lambda: rules.fire(state, ID, at(10, 31), None),
    }
    assert refused(actions[action]) == code


@pytest.mark.parametrize("state", [PENDING, PAUSED])
def test_r2_a_schedule_can_be_cancelled_before_it_starts(state: ScheduleState) -> None:
    assert rules.evolve(state, rules.cancel(state)).status == "cancelled"


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (None, SchedulePaused()),
        (PENDING, asked()),
        (PENDING, ScheduleResumed()),
        (CANCELLED, SchedulePaused()),
        (DONE, ScheduleCancelled()),
    ],
)
def test_history_with_an_impossible_event_is_damaged(
    state: ScheduleState | None, event: Event
) -> None:
    with pytest.raises(ImpossibleEvent):
        rules.evolve(state, event)
