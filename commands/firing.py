"""Firing what falls due: an occurrence becomes an execution, once, whoever is first (R5, R14).

The schedule's event and the execution's first event are one transaction, at the version of the
schedule that was read. Two schedulers at once: the second meets a conflict, looks again and finds
that nothing is due any more.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aggregates import identity
from aggregates import schedule as rules
from aggregates.execution import evolve as evolve_execution
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from aggregates.schedule import Occurrence, ScheduleFired, ScheduleState
from commands.local_time import zone
from commands.schedules import recurrence_of
from commands.store import Batch, Conflict, Metadata, Reading, Staged, Store, Versioned

ATTEMPTS = 50
"""How often a schedule is looked at again after somebody else wrote to it."""


class Due(NamedTuple):
    """A pending schedule and the instant it falls due."""

    schedule: StreamId
    at: datetime


class Fired(NamedTuple):
    """What an occurrence became; `execution` None: its window was skipped."""

    schedule: StreamId
    execution: StreamId | None


def next_due(store: Store) -> Due | None:
    """The pending schedule that falls due first."""
    with store.snapshot() as reading:
        return next(iter(_pending(reading, None)), None)


def due_schedules(store: Store, now: datetime) -> list[Due]:
    """The pending schedules that are due, the longest waiting first."""
    with store.snapshot() as reading:
        return _pending(reading, now)


def fire_due(store: Store, now: datetime) -> list[StreamId]:
    """Fires every schedule that is due; the executions to run, in order."""
    fired = (fire(store, due.schedule, now) for due in due_schedules(store, now))
    return [one.execution for one in fired if one is not None and one.execution is not None]


def fire(
    store: Store, schedule: StreamId, now: datetime, after: Collection[StreamId] | None = None
) -> Fired | None:
    """Fires a schedule if it is due. None: it is not, or somebody else was first; or, with `after`,
    an execution has not ended that is not among these: runs follow each other in the order they
    fell due, whoever fires them.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as reading:
            found = reading.get("schedule", schedule)
            owner = reading.get("owner", identity.owner())
            if found is None or owner is None or not _is_due(found.state, now):
                return None
            if after is not None and any(one not in after for one in unfinished(reading)):
                return None
            where = zone(owner.state.time_zone)
            batch, fired = _firing(found, where, now, reading.head.position)
        if after is not None:
            batch.whole_kinds.append("execution.queued")
        try:
            store.append(batch)
        except Conflict:
            continue
        return fired
    raise Refusal("busy", "others kept writing to the schedule; try again in a moment")


def unfinished(reading: Reading) -> list[StreamId]:
    """Executions that are queued or running."""
    return [
        found.stream
        for status in ("queued", "running")
        for found in reading.all_of("execution", status)
    ]


def reversing(reading: Reading) -> list[StreamId]:
    """Executions whose reversal has not ended."""
    return [found.stream for found in reading.all_of("execution", "reversing")]


def _pending(reading: Reading, now: datetime | None) -> list[Due]:
    """By the time they fall due: all up to now, or only the first without one."""
    found: list[Due] = []
    for row in reading.all_of("schedule", "pending:"):
        at: datetime | None = row.state.next_at
        if at is None or (now is not None and at > now):
            break
        found.append(Due(row.stream, at))
        if now is None:
            break
    return found


def _is_due(state: ScheduleState, now: datetime) -> bool:
    return state.status == "pending" and state.next_at is not None and state.next_at <= now


def _firing(found: Versioned, where: ZoneInfo, now: datetime, position: int) -> tuple[Batch, Fired]:
    state: ScheduleState = found.state
    due, following = _occurrences(state, where, now)
    event = rules.fire(state, found.stream, due, following)
    after = rules.evolve(state, event)
    changes = [Staged("schedule", found.stream, found.version, [event], after)]
    execution = None
    if isinstance(event, ScheduleFired):
        execution = identity.parse(event.execution)
        queued = rules.execution_of(state, found.stream, event)
        evolved = evolve_execution(None, queued)
        changes.append(Staged("execution", execution, 0, [queued], evolved))
    origin = identity.text(execution or found.stream)
    metadata = Metadata(requested_by=state.requested_by, correlation=origin)
    return Batch(metadata, position, changes), Fired(found.stream, execution)


def _occurrences(
    state: ScheduleState, where: ZoneInfo, now: datetime
) -> tuple[Occurrence, Occurrence | None]:
    """The latest occurrence missed up to now, which stands for them all, and the next to come."""
    if state.next_due is None or state.next_at is None:
        raise Refusal("schedule_done", "the schedule has no occurrence left")
    first = Occurrence(local=state.next_due, instant=state.next_at)
    recurrence = recurrence_of(state.timing, where)
    if recurrence is None:
        return first, None
    return recurrence.latest(first, now), recurrence.after(now)
