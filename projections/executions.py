"""The view of executions: what ran, what it did (the Completed list, R2, R6)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aggregates import chunk
from aggregates import execution as events
from aggregates.execution import Counts
from aggregates.identity import text
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
from schemas import unreadable

_COUNTS = (
    "packages_billed",
    "cycles_billed",
    "invoices_generated",
    "failed",
    "left_behind",
)
_COUNT_COLUMNS = (*(Column(name, "integer") for name in _COUNTS), Column("totals", "json"))

EXECUTIONS = Table(
    "executions",
    key=("id",),
    columns=(
        Column("id"),
        Column("queued", "integer", required=True),
        Column("bill_run", required=True),
        Column("schedule"),
        Column("retry_of"),
        Column("attempt", "integer", required=True),
        Column("status", required=True),
        Column("requested_by"),
        Column("account"),
        Column("catch_up", required=True),
        Column("posting_date", "date"),
        Column("period_start", "date", required=True),
        Column("period_end", "date", required=True),
        Column("business_date", "date"),
        Column("exchange_rates"),
        Column("chunks", "integer"),
        Column("started_at", "time"),
        Column("ended", "integer"),
        Column("completed_at", "time"),
        *_COUNT_COLUMNS,
    ),
)
"""`queued` and `ended` are positions in history. The counts are those of the end."""

CHUNKS = Table(
    "execution_chunks",
    key=("id",),
    columns=(
        Column("id", "bytes"),
        Column("execution", required=True),
        Column("chunk", "integer", required=True),
        Column("billed", "integer", required=True),
        *_COUNT_COLUMNS,
    ),
    indexes=(("execution", "chunk"),),
)
"""What each chunk did: while an execution runs, its counts are the sums of these."""

_PUT = put(EXECUTIONS)
_STARTED = change(EXECUTIONS, "status", "business_date", "exchange_rates", "chunks", "started_at")
_ENDED = change(EXECUTIONS, "status", "ended", "completed_at", *_COUNTS, "totals")
_STATUS = change(EXECUTIONS, "status")
_CHUNK = put(CHUNKS)
_decoder = msgspec.json.Decoder(dict[str, int])


def _queued(at: Occurrence, event: events.ExecutionQueued) -> tuple[Operation]:
    row = (
        text(at.stream),
        at.position,
        event.bill_run,
        event.schedule,
        event.retry_of,
        event.attempt,
        "queued",
        event.requested_by or None,
        event.account,
        event.catch_up,
        written(event.posting_date),
        event.period_start.isoformat(),
        event.period_end.isoformat(),
    )
    return ((_PUT, row + (None,) * (len(EXECUTIONS.columns) - len(row))),)


def _started(at: Occurrence, event: events.ExecutionStarted) -> tuple[Operation]:
    fixed = (event.business_date.isoformat(), event.exchange_rates, event.chunks)
    return ((_STARTED, (text(at.stream), "running", *fixed, at.at)),)


def _completed(at: Occurrence, event: events.ExecutionCompleted) -> tuple[Operation]:
    return ((_ENDED, (text(at.stream), event.status, at.position, at.at, *_row(event.counts))),)


def _cancelled(at: Occurrence, event: events.ExecutionCancelled) -> tuple[Operation]:
    return ((_ENDED, (text(at.stream), "cancelled", at.position, at.at, *_row(event.counts))),)


def _reversed(at: Occurrence, _: events.ExecutionReversed) -> tuple[Operation]:
    return ((_STATUS, (text(at.stream), "reversed")),)


def _chunk_billed(at: Occurrence, event: chunk.ChunkBilled) -> tuple[Operation]:
    row = (at.stream, event.execution, event.index, 1, *_row(event.counts))
    return ((_CHUNK, row),)


def _not_reached(at: Occurrence, event: chunk.ChunkNotReached) -> tuple[Operation]:
    counts = Counts(left_behind=event.left_behind)
    return ((_CHUNK, (at.stream, event.execution, event.index, 0, *_row(counts))),)


def _row(counts: Counts) -> tuple[int | str, ...]:
    numbers = (getattr(counts, name) for name in _COUNTS)
    return (*numbers, msgspec.json.encode(counts.totals).decode())


VIEW = View(
    "executions",
    version=2,
    tables=(EXECUTIONS, CHUNKS),
    handlers={
        "execution.queued": _queued,
        "execution.started": _started,
        "execution.completed": _completed,
        "execution.cancelled": _cancelled,
        "execution.reversed": _reversed,
        "chunk.billed": _chunk_billed,
        "chunk.not_reached": _not_reached,
    },
)

_FIELDS = (
    "id",
    "bill_run",
    "schedule",
    "retry_of",
    "status",
    "requested_by",
    "business_date",
    "started_at",
    "completed_at",
    "period_start",
    "period_end",
    "ended",
    *_COUNTS,
    "totals",
)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM view_executions"


def completed(
    views: Database, showing: Showing, bill_run: str | None = None
) -> Iterator[dict[str, Any]]:
    """Executions that have ended, the latest first."""
    where = "" if bill_run is None else " AND bill_run = ?"
    rows = views.rows(
        f"{_SELECT} WHERE ended IS NOT NULL{where} ORDER BY ended DESC",
        () if bill_run is None else (bill_run,),
    )
    return (_shape(views, row, showing) for row in rows)


def unfinished(views: Database, showing: Showing) -> Iterator[dict[str, Any]]:
    """Executions that are queued or running, oldest first."""
    rows = views.rows(f"{_SELECT} WHERE ended IS NULL ORDER BY queued")
    return (_shape(views, row, showing) for row in rows)


def one(views: Database, showing: Showing, id: str) -> dict[str, Any] | None:
    """The execution with the id."""
    for row in views.rows(f"{_SELECT} WHERE id = ?", (id,)):
        return _shape(views, row, showing)
    return None


def ids(views: Database, prefix: str) -> list[str]:
    """Ids that begin with the text."""
    found = views.rows("SELECT id FROM view_executions WHERE id LIKE ? LIMIT 3", (prefix + "%",))
    return [row[0] for row in found]


def retries(views: Database, id: str) -> list[tuple[str, str]]:
    """Retries of an execution with their status, oldest first."""
    sql = "SELECT id, status FROM view_executions WHERE retry_of = ? ORDER BY queued"
    return [(row[0], row[1]) for row in views.rows(sql, (id,))]


def _shape(views: Database, row: Row, showing: Showing) -> dict[str, Any]:
    """`head` is the position of its end; whoever shows it adds the root."""
    found: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    if found["ended"] is None:
        found.update(_so_far(views, found["id"]))
    totals = _totals(found["id"], found["totals"])
    return {
        **{name: found[name] for name in _FIELDS[:7]},
        "started_at": showing.time(found["started_at"]),
        "completed_at": showing.time(found["completed_at"]),
        "billing_period": period(found["period_start"], found["period_end"]),
        **{name: found[name] for name in _COUNTS},
        "totals": showing.totals(totals),
        "head": found["ended"],
    }


def _so_far(views: Database, id: str) -> dict[str, Any]:
    """The counts of an execution that has not ended: what its chunks have done."""
    counts = dict.fromkeys(_COUNTS, 0)
    totals: dict[str, int] = {}
    columns = ", ".join((*_COUNTS, "totals"))
    sql = f"SELECT {columns} FROM view_execution_chunks WHERE execution = ?"
    for *numbers, written_totals in views.rows(sql, (id,)):
        for name, number in zip(_COUNTS, numbers, strict=True):
            counts[name] += number
        for currency, total in _totals(id, written_totals).items():
            totals[currency] = totals.get(currency, 0) + total
    return {**counts, "totals": msgspec.json.encode(totals).decode()}


def _totals(id: str, written: str) -> Mapping[str, int]:
    try:
        return _decoder.decode(written)
    except unreadable.DAMAGED as fault:
        raise unreadable.of_view(VIEW.name, f"execution {id}", fault) from fault
