"""The view of packages left behind: what stayed due after an execution, never silently (R9)."""

from collections.abc import Iterator
from typing import Any

from aggregates import chunk
from projections.view import Column, Database, Occurrence, Operation, Table, View, put

LEFT_BEHIND = Table(
    "left_behind",
    key=("chunk", "line"),
    columns=(
        Column("chunk", "bytes"),
        Column("line", "integer"),
        Column("execution", required=True),
        Column("account_package", required=True),
        Column("account", required=True),
        Column("next_bill_date", "date", required=True),
        Column("reason", required=True),
    ),
    indexes=(("execution",),),
)

_PUT = put(LEFT_BEHIND)


def _left_behind(at: Occurrence, event: chunk.PackagesLeftBehind) -> list[Operation]:
    return [
        (
            _PUT,
            (
                at.stream,
                event.first + index,
                event.execution,
                package.account_package,
                package.account,
                package.next_bill_date.isoformat(),
                package.reason,
            ),
        )
        for index, package in enumerate(event.packages)
    ]


VIEW = View(
    "left_behind",
    version=1,
    tables=(LEFT_BEHIND,),
    handlers={"chunk.packages_left_behind": _left_behind},
)

_FIELDS = ("account_package", "account", "next_bill_date", "reason")


def of_execution(views: Database, execution: str) -> Iterator[dict[str, Any]]:
    """The packages an execution left behind, by account and account-package."""
    sql = f"""
        SELECT {", ".join(_FIELDS)} FROM view_left_behind
        WHERE execution = ? ORDER BY account, account_package"""
    return (dict(zip(_FIELDS, row, strict=True)) for row in views.rows(sql, (execution,)))
