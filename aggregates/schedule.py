"""A schedule: a request to execute a bill run once or repeatedly (R2, R5, R9).

Pure: when an occurrence falls is worked out in `commands.recurrence`, what it means is decided
here. Every instant is a whole second, so that the due list sorts as text.
"""

from datetime import date, datetime, timedelta

import msgspec

from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.execution import ExecutionQueued
from aggregates.identity import StreamId, execution, text
from aggregates.refusal import Refusal

LATEST = date(9000, 1, 1)
"""Periods and posting dates lie before it, so that no due date lies after the year 9999."""

MOST_CYCLES = 1000
"""The highest cap of a catch-up: no package bills more cycles in one execution."""


class Timing(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`kind` is `now`, `at` or `every`. `at` is local time in the owner's zone; `rule` an RFC 5545
    recurrence rule; `begins` the local time the rule counts from.
    """

    kind: str
    at: datetime | None = None
    rule: str | None = None
    begins: datetime | None = None


class Occurrence(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One time a schedule falls due: `local` as the rule says it (in the owner's zone, even if
    the clocks skip it), `instant` when that is, in UTC.
    """

    local: datetime
    instant: datetime


class BillRunScheduled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A bill run is to be executed. `catch_up` is `one`, `all` or a number (R9). `period_end` is
    None for recurring schedules, whose windows end on the day of the occurrence (R5). `next_due`
    is local time, `next_at` the same instant in UTC. `account` for bill account (R3).
    """

    bill_run: str
    timing: Timing
    period_start: date
    next_due: datetime
    next_at: datetime
    period_end: date | None = None
    posting_date: date | None = None
    catch_up: str = "one"
    account: str | None = None
    requested_by: str = ""


class ScheduleFired(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An occurrence became an execution with the period given; `next_*` None: it was the last."""

    execution: str
    due: datetime
    period_start: date
    period_end: date
    next_due: datetime | None = None
    next_at: datetime | None = None


class WindowSkipped(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An occurrence whose window starts after its end (R5)."""

    due: datetime
    period_start: date
    period_end: date
    next_due: datetime | None = None
    next_at: datetime | None = None


class SchedulePaused(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class ScheduleResumed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`next_*`: the first occurrence after resuming; those while paused were dropped (R5)."""

    next_due: datetime | None = None
    next_at: datetime | None = None


class ScheduleCancelled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


ScheduleEvent = (
    BillRunScheduled
    | ScheduleFired
    | WindowSkipped
    | SchedulePaused
    | ScheduleResumed
    | ScheduleCancelled
)


class ScheduleState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`status`: pending, paused, done, cancelled. `window_start`: where the next window begins."""

    bill_run: str
    timing: Timing
    window_start: date
    status: str = "pending"
    period_end: date | None = None
    posting_date: date | None = None
    catch_up: str = "one"
    account: str | None = None
    requested_by: str = ""
    next_due: datetime | None = None
    next_at: datetime | None = None
    fired: int = 0


def evolve(state: ScheduleState | None, event: Event) -> ScheduleState:
    """The schedule after an event. A schedule without a next occurrence is done."""
    if isinstance(event, BillRunScheduled):
        if state is not None:
            raise ImpossibleEvent("a schedule is recorded twice")
        return _begun(event)
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} before the schedule was recorded")
    allowed = _FOLLOWS.get(type(event))
    if allowed is None or state.status not in allowed:
        raise ImpossibleEvent(f"{type(event).__name__} on a schedule that is {state.status}")
    if isinstance(event, ScheduleFired):
        start = event.period_end + timedelta(days=1)
        return _moved(state, event, window_start=start, fired=state.fired + 1)
    if isinstance(event, WindowSkipped | ScheduleResumed):
        return _moved(state, event)
    if isinstance(event, SchedulePaused):
        return _changed(state, status="paused")
    return _changed(state, status="cancelled", next_due=None, next_at=None)


_FOLLOWS: dict[type[Event], tuple[str, ...]] = {
    ScheduleFired: ("pending",),
    WindowSkipped: ("pending",),
    SchedulePaused: ("pending",),
    ScheduleResumed: ("paused",),
    ScheduleCancelled: ("pending", "paused"),
}


def _begun(event: BillRunScheduled) -> ScheduleState:
    return ScheduleState(
        bill_run=event.bill_run,
        timing=event.timing,
        window_start=event.period_start,
        period_end=event.period_end,
        posting_date=event.posting_date,
        catch_up=event.catch_up,
        account=event.account,
        requested_by=event.requested_by,
        next_due=event.next_due,
        next_at=event.next_at,
    )


def _changed(state: ScheduleState, **fields: object) -> ScheduleState:
    return msgspec.structs.replace(state, **fields)


def _moved(
    state: ScheduleState,
    event: ScheduleFired | WindowSkipped | ScheduleResumed,
    **fields: object,
) -> ScheduleState:
    status = "done" if event.next_at is None else "pending"
    return _changed(state, status=status, next_due=event.next_due, next_at=event.next_at, **fields)


def schedule(
    *,
    bill_run: str,
    timing: Timing,
    first: Occurrence,
    period_start: date,
    period_end: date | None,
    posting_date: date | None = None,
    catch_up: str = "one",
    account: str | None = None,
    requested_by: str = "",
) -> BillRunScheduled:
    """Asks for a bill run once or repeatedly (R2). `first` may lie in the past for a one-time
    schedule: it then fires at once (R5).
    """
    if timing.kind == "every" and account is not None:
        raise Refusal(
            "recurrence_not_allowed",
            "one account is billed now or at a time; a recurrence is for whole bill runs",
            account=account,
        )
    check_period(timing, period_start, period_end, posting_date)
    return BillRunScheduled(
        bill_run=bill_run,
        timing=timing,
        period_start=period_start,
        period_end=period_end,
        posting_date=posting_date,
        catch_up=catch_up_policy(catch_up),
        account=account,
        requested_by=requested_by,
        next_due=first.local,
        next_at=first.instant,
    )


def check_period(
    timing: Timing, start: date, end: date | None, posting_date: date | None = None
) -> None:
    """A one-time schedule has a period with both ends, inclusive; a recurring one only the start
    of its first window (R5). None lies where due dates would leave the calendar.
    """
    for day in (start, end, posting_date):
        if day is not None and day >= LATEST:
            raise Refusal(
                "date_out_of_range", f"{day} lies too far ahead: choose a day before {LATEST}"
            )
    if timing.kind == "every":
        if end is not None:
            raise Refusal(
                "period_end_with_recurrence",
                "a recurring schedule's periods end on the days it fires: leave out the period end",
                period_end=end.isoformat(),
            )
    elif end is None:
        raise Refusal("period_end_missing", "a one-time schedule needs the last day of its period")
    elif end < start:
        raise Refusal(
            "period_end_before_start",
            f"the period ends on {end}, before it starts on {start}: exchange or correct the dates",
            period_start=start.isoformat(),
            period_end=end.isoformat(),
        )


def catch_up_policy(written: str) -> str:
    """`one`, `all`, or the most cycles a package may bill, in its shortest form (R9)."""
    value = written.strip().lower()
    if value in ("one", "all"):
        return value
    digits = value.isascii() and value.isdigit() and len(value) <= 6
    if digits and 1 <= int(value) <= MOST_CYCLES:
        return str(int(value))
    raise Refusal(
        "catch_up_invalid",
        f"catch-up is one, all or a number from 1 to {MOST_CYCLES}, not {written!r}",
        catch_up=written,
    )


def fire(
    state: ScheduleState, id: StreamId, due: Occurrence, following: Occurrence | None
) -> ScheduleFired | WindowSkipped:
    """An occurrence that fell due becomes an execution over its window, or is skipped because the
    window starts after its end (R5). `due` is the latest of those missed, `following` the first
    one after now.
    """
    _require(state, "pending")
    end = state.period_end or due.local.date()
    next_due = following.local if following else None
    next_at = following.instant if following else None
    if state.window_start > end:
        return WindowSkipped(
            due=due.local,
            period_start=state.window_start,
            period_end=end,
            next_due=next_due,
            next_at=next_at,
        )
    return ScheduleFired(
        execution=text(execution(id, due.local.isoformat())),
        due=due.local,
        period_start=state.window_start,
        period_end=end,
        next_due=next_due,
        next_at=next_at,
    )


def execution_of(state: ScheduleState, id: StreamId, fired: ScheduleFired) -> ExecutionQueued:
    """The execution a fired schedule asks for. Its window is used up whatever becomes of it."""
    return ExecutionQueued(
        bill_run=state.bill_run,
        period_start=fired.period_start,
        period_end=fired.period_end,
        catch_up=state.catch_up,
        posting_date=state.posting_date,
        account=state.account,
        schedule=text(id),
        requested_by=state.requested_by,
    )


def pause(state: ScheduleState) -> SchedulePaused:
    """Nothing fires until it is resumed (R2)."""
    _require(state, "pending")
    return SchedulePaused()


def resume(state: ScheduleState, following: Occurrence | None) -> ScheduleResumed:
    """A recurring schedule goes on with its first occurrence after now, which takes the whole
    window; a one-time schedule keeps its time, and fires at once when that has passed (R5).
    """
    _require(state, "paused")
    if state.timing.kind != "every":
        return ScheduleResumed(next_due=state.next_due, next_at=state.next_at)
    if following is None:
        return ScheduleResumed()
    return ScheduleResumed(next_due=following.local, next_at=following.instant)


def cancel(state: ScheduleState) -> ScheduleCancelled:
    """Nothing fires any more. What was fired is an execution, cancelled by itself (R2, R6)."""
    _require(state, "pending", "paused")
    return ScheduleCancelled()


_WRONG_STATUS = {
    "pending": ("schedule_not_paused", "the schedule is not paused: there is nothing to resume"),
    "paused": ("schedule_paused", "the schedule is paused already: resume or cancel it"),
    "done": ("schedule_done", "the schedule has fired for the last time: cancel its execution"),
    "cancelled": ("schedule_cancelled", "the schedule was cancelled: schedule the bill run anew"),
}


def _require(state: ScheduleState, *statuses: str) -> None:
    if state.status not in statuses:
        code, sentence = _WRONG_STATUS[state.status]
        raise Refusal(code, sentence, status=state.status)
