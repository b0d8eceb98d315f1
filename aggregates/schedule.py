"""A schedule: a request to execute a bill run once or repeatedly (R2, R5)."""

from datetime import date, datetime

from aggregates.event import Event, Fact, State


class Timing(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`kind` is `now`, `at` or `every`. `at` is local time in the owner's zone; `rule` an RFC 5545
    recurrence rule; `begins` the local time the rule counts from.
    """

    kind: str
    at: datetime | None = None
    rule: str | None = None
    begins: datetime | None = None


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
