"""The view of schedules: what is going to run, and when (the Scheduled list, R2)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aggregates import schedule as events
from projections.shapes import Showing, period
from projections.view import (
    Column,
    Database,
    Occurrence,
    Operation,
    Row,
    Table,
    View,
    change,
    put,
    written,
)

SCHEDULES = Table(
    "schedules",
    key=("id",),
    columns=(
        Column("id"),
        Column("recorded", "integer", required=True),
        Column("bill_run", required=True),
        Column("timing", required=True),
        Column("account"),
        Column("status", required=True),
        Column("next_at", "time"),
        Column("next_day", "date"),
        Column("window_start", "date", required=True),
        Column("fixed_end", "date"),
        Column("last_start", "date"),
        Column("last_end", "date"),
        Column("requested_by"),
    ),
)
"""`next_day` is the local date of the next occurrence, on which a recurring window ends (R5);
`last_…` is the period of the latest execution. `recorded` orders them as they were asked for.
"""

_PUT = put(SCHEDULES)
_NEXT = ("status", "next_at", "next_day")
_FIRED = change(SCHEDULES, *_NEXT, "window_start", "last_start", "last_end")
_MOVED = change(SCHEDULES, *_NEXT)
_STATUS = change(SCHEDULES, "status")


def _scheduled(at: Occurrence, event: events.BillRunScheduled) -> tuple[Operation]:
    row = (
        _id(at),
        at.position,
        event.bill_run,
        timing(event.timing),
        event.account,
        *_next(event.next_due, event.next_at),
        event.period_start.isoformat(),
        written(event.period_end),
        None,
        None,
        event.requested_by or None,
    )
    return ((_PUT, row),)


def _fired(at: Occurrence, event: events.ScheduleFired) -> tuple[Operation]:
    following = event.period_end.fromordinal(event.period_end.toordinal() + 1)
    row = (
        _id(at),
        *_next(event.next_due, event.next_at),
        following.isoformat(),
        event.period_start.isoformat(),
        event.period_end.isoformat(),
    )
    return ((_FIRED, row),)


def _skipped(at: Occurrence, event: events.WindowSkipped) -> tuple[Operation]:
    return ((_MOVED, (_id(at), *_next(event.next_due, event.next_at))),)


def _resumed(at: Occurrence, event: events.ScheduleResumed) -> tuple[Operation]:
    return ((_MOVED, (_id(at), *_next(event.next_due, event.next_at))),)


def _paused(at: Occurrence, _: events.SchedulePaused) -> tuple[Operation]:
    return ((_STATUS, (_id(at), "paused")),)


def _cancelled(at: Occurrence, _: events.ScheduleCancelled) -> tuple[Operation]:
    return ((_MOVED, (_id(at), "cancelled", None, None)),)


def _id(at: Occurrence) -> str:
    from aggregates.identity import text

    return text(at.stream)


def _next(due: datetime | None, at: datetime | None) -> tuple[str, str | None, str | None]:
    """Status, instant and local date of the next occurrence; without one it is done."""
    if due is None or at is None:
        return "done", None, None
    return "pending", at.astimezone(UTC).isoformat(), due.date().isoformat()


def timing(timing: events.Timing) -> str:
    """When it runs, in words: `now`, `at 2020-10-31T06:00`, `every FREQ=MONTHLY`."""
    if timing.kind == "at" and timing.at is not None:
        return f"at {timing.at.isoformat(timespec='minutes')}"
    if timing.kind == "every":
        return f"every {timing.rule}"
    return timing.kind


VIEW = View(
    "schedules",
    version=1,
    tables=(SCHEDULES,),
    handlers={
        "bill_run.scheduled": _scheduled,
        "schedule.fired": _fired,
        "schedule.window_skipped": _skipped,
        "schedule.paused": _paused,
        "schedule.resumed": _resumed,
        "schedule.cancelled": _cancelled,
    },
)

_SELECT = """
    SELECT id, bill_run, timing, next_at, status, next_day, window_start, fixed_end, last_start,
        last_end, account
    FROM view_schedules"""


def scheduled(views: Database, showing: Showing, *, all: bool = False) -> Iterator[dict[str, Any]]:
    """Schedules that will run, the next one first; with `all`, also those that are over."""
    where = "" if all else " WHERE status IN ('pending', 'paused')"
    order = " ORDER BY next_at IS NULL, next_at, recorded"
    return (_shape(row, showing) for row in views.rows(f"{_SELECT}{where}{order}"))


def one(views: Database, showing: Showing, id: str) -> dict[str, Any] | None:
    """The schedule with the id."""
    for row in views.rows(f"{_SELECT} WHERE id = ?", (id,)):
        return _shape(row, showing)
    return None


def ids(views: Database, prefix: str) -> list[str]:
    """Ids that begin with the text."""
    found = views.rows("SELECT id FROM view_schedules WHERE id LIKE ? LIMIT 3", (prefix + "%",))
    return [row[0] for row in found]


def _shape(row: Row, showing: Showing) -> dict[str, Any]:
    id, bill_run, timing, next_at, status, next_day, window_start, fixed_end, *last, account = row
    if next_day is None and last[0] is not None:
        dates = period(*last)
    else:
        dates = period(window_start, fixed_end or next_day)
    return {
        "id": id,
        "bill_run": bill_run,
        "timing": timing,
        "next_at": showing.time(next_at),
        "status": status,
        "billing_period": dates,
        "account": account,
    }
