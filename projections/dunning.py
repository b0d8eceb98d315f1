"""The view of dunning: which levels acted on which invoice, and what they did (R24)."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from aggregates import identity
from aggregates import invoice as events
from aggregates.invoice_state import InvoiceState
from projections.shapes import Showing
from projections.view import Column, Database, Occurrence, Operation, Table, View, put, written

LEVELS = Table(
    "dunning_levels",
    key=("id", "level"),
    columns=(
        Column("id", "bytes"),
        Column("level"),
        Column("position", "integer", required=True),
        Column("ar_term", required=True),
        Column("action", required=True),
        Column("reached_on", "date", required=True),
        Column("fell_on", "date"),
        Column("balance", "integer", required=True),
        Column("fee", "integer", required=True),
        Column("charge"),
        Column("payment"),
        Column("notice"),
        Column("execution"),
    ),
)
"""`id` is the invoice's; `balance` what was open of it; `charge` the late fee's transaction."""

_PUT = put(LEVELS)


def _reached(at: Occurrence, event: events.DunningLevelReached) -> tuple[Operation]:
    row = (
        at.stream,
        event.level,
        at.position,
        event.ar_term,
        event.action,
        event.on.isoformat(),
        written(event.fell_on),
        event.balance,
        event.fee,
        event.transaction or None,
        event.payment or None,
        event.notice or None,
        event.execution or None,
    )
    return ((_PUT, row),)


VIEW = View(
    "dunning",
    version=1,
    tables=(LEVELS,),
    handlers={"invoice.dunning_level_reached": _reached},
)

_FIELDS = (
    "level",
    "ar_term",
    "action",
    "on",
    "fell_on",
    "balance",
    "fee",
    "transaction",
    "payment",
    "notice",
    "execution",
)


def levels_of(
    views: Database, invoice: bytes, currency: str, show: Showing
) -> list[dict[str, Any]]:
    """The levels an invoice has reached, in the order in which they acted."""
    sql = """
        SELECT level, ar_term, action, reached_on, fell_on, balance, fee, charge, payment, notice,
            execution
        FROM view_dunning_levels WHERE id = ? ORDER BY position"""
    return [_shape(row, currency, show) for row in views.rows(sql, (invoice,))]


def _shape(row: tuple[Any, ...], currency: str, show: Showing) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    found["on"], found["fell_on"] = _day(found["on"]), _day(found["fell_on"])
    found["balance"] = show.amount(found["balance"], currency)
    found["fee"] = show.amount(found["fee"], currency) if found["transaction"] else None
    return found


def _day(found: Any) -> str | None:
    return found.isoformat() if isinstance(found, date) else found


def overdue(
    views: Database,
    invoices: Iterable[tuple[identity.StreamId, InvoiceState, int]],
    show: Showing,
    *,
    everything: bool,
) -> Iterator[dict[str, Any]]:
    """Open invoices, each with what the account's money leaves of it, that are overdue, or
    `everything` that is open, with the levels each has reached; those due longest first.
    """
    wanted = [
        (stream, state, left if state.due_date < show.today else 0)
        for stream, state, left in invoices
        if state.kind == "charges" and state.open_balance > 0
    ]
    for stream, state, late in sorted(wanted, key=lambda one: (one[1].due_date, one[1].sequence)):
        if not late and not everything:
            continue
        levels = levels_of(views, stream, state.currency, show)
        yield {
            "number": state.number,
            "account": state.account,
            "currency": state.currency,
            "due_date": state.due_date.isoformat(),
            "days_overdue": max((show.today - state.due_date).days, 0),
            "total": show.amount(state.total, state.currency),
            "balance": show.amount(state.open_balance, state.currency),
            "overdue": show.amount(late, state.currency),
            "levels": levels,
        }
