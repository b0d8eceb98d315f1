"""The view of failures: who was not billed, why, and what resolved it (R6, R28)."""

from collections.abc import Iterator
from typing import Any

from aggregates import chunk
from aggregates.execution import ScopeCut
from aggregates.identity import text
from projections.view import Column, Database, Occurrence, Operation, Table, View, put

FAILURES = Table(
    "failures",
    key=("chunk", "line"),
    columns=(
        Column("chunk", "bytes"),
        Column("line", "integer"),
        Column("execution", required=True),
        Column("invoicer", required=True),
        Column("account", required=True),
        Column("account_package"),
        Column("code", required=True),
        Column("message", required=True),
    ),
    indexes=(("execution", "invoicer"),),
)
RETRIED = Table(
    "retried_chunks",
    key=("execution", "chunk"),
    columns=(
        Column("execution"),
        Column("chunk", "integer"),
        Column("retried", "integer", required=True),
    ),
)
"""Which chunk of the retried execution each chunk of a retry takes up."""

_PUT = put(FAILURES)
_RETRIED = put(RETRIED)


def _recorded(at: Occurrence, event: chunk.FailuresRecorded) -> list[Operation]:
    return [
        (
            _PUT,
            (
                at.stream,
                event.first + index,
                event.execution,
                failure.invoicer,
                failure.account,
                failure.account_package,
                failure.code,
                failure.message,
            ),
        )
        for index, failure in enumerate(event.failures)
    ]


def _cut(at: Occurrence, event: ScopeCut) -> list[Operation]:
    execution = text(at.stream)
    return [
        (_RETRIED, (execution, event.first + index, retried))
        for index, retried in enumerate(event.retries)
    ]


VIEW = View(
    "failures",
    version=1,
    tables=(FAILURES, RETRIED),
    handlers={"chunk.failures_recorded": _recorded, "execution.scope_cut": _cut},
)

_OF_EXECUTION = """
    SELECT f.invoicer, f.account, f.code, f.message, c.chunk
    FROM view_failures f JOIN view_execution_chunks c ON c.id = f.chunk
    WHERE f.execution = ? ORDER BY f.invoicer"""

_RETRIES = """
    SELECT e.id, r.retried
    FROM view_executions e
    JOIN view_retried_chunks r ON r.execution = e.id
    JOIN view_execution_chunks c ON c.execution = e.id AND c.chunk = r.chunk AND c.billed = 1
    WHERE e.retry_of = ? AND e.ended IS NOT NULL ORDER BY e.ended, r.retried"""


def of_execution(views: Database, execution: str) -> Iterator[dict[str, Any]]:
    """The failures of an execution, by invoicer. `resolved_by` is the first retry that took the
    invoicer up and did not fail for it, or a retry of such a retry.
    """
    retries = _retries(views, execution)
    for invoicer, account, code, message, index in views.rows(_OF_EXECUTION, (execution,)):
        yield {
            "invoicer": invoicer,
            "account": account,
            "code": code,
            "message": message,
            "retry": f"billstream execution retry {execution}",
            "resolved_by": _resolved_by(views, retries, invoicer, index),
        }


Retries = list[tuple[str, set[int]]]


def _retries(views: Database, execution: str) -> Retries:
    """Retries that have ended, in that order, with the chunks of `execution` they took up."""
    found: dict[str, set[int]] = {}
    for id, index in views.rows(_RETRIES, (execution,)):
        found.setdefault(id, set()).add(index)
    return list(found.items())


def _resolved_by(views: Database, retries: Retries, invoicer: str, index: int) -> str | None:
    for retry, chunks in retries:
        if index not in chunks:
            continue
        again = _failure(views, retry, invoicer)
        if again is None:
            return retry
        later = _resolved_by(views, _retries(views, retry), invoicer, again)
        if later is not None:
            return later
    return None


def _failure(views: Database, execution: str, invoicer: str) -> int | None:
    """The chunk in which an execution failed for the invoicer; None if it did not."""
    sql = """
        SELECT c.chunk FROM view_failures f JOIN view_execution_chunks c ON c.id = f.chunk
        WHERE f.execution = ? AND f.invoicer = ?"""
    for row in views.rows(sql, (execution, invoicer)):
        return int(row[0])
    return None
