"""The view of payments: what was asked for and came, and where it went (R23)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from aggregates.identity import parse, text
from aggregates.payment import events
from projections.shapes import Showing
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

PAYMENTS = Table(
    "payments",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("id", required=True),
        Column("account", required=True),
        Column("currency", required=True),
        Column("amount", "integer", required=True),
        Column("kind", required=True),
        Column("method"),
        Column("collection"),
        Column("execution"),
        Column("attempt", "integer", required=True),
        Column("retry_of"),
        Column("asked_on", "date", required=True),
        Column("status", required=True),
        Column("succeeded_on", "date"),
        Column("code"),
        Column("message"),
        Column("retry_on", "date"),
        Column("reference"),
    ),
    indexes=(("id",), ("account",)),
)
"""In the order in which they were asked for. A pending one is `requested`, `prepared` or
`unknown`."""

ENTRIES = Table(
    "payment_entries",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("payment", required=True),
        Column("entry", required=True),
        Column("amount", "integer", required=True),
        Column("held_on", "date", required=True),
        Column("invoice"),
        Column("about"),
    ),
    indexes=(("payment",), ("invoice",)),
)
"""What became of the money: disbursed, detached, refund_requested, refunded, refund_failed,
refund_returned, charged_back, charge_back_won. Amounts are never below 0."""

_PUT = put(PAYMENTS)
_STATUS = change(PAYMENTS, "status", by=("id",))
_PREPARED = change(PAYMENTS, "status", "reference", by=("id",))
_SUCCEEDED = change(PAYMENTS, "status", "reference", "succeeded_on", "retry_on", by=("id",))
_DECLINED = change(PAYMENTS, "status", "code", "message", "retry_on", by=("id",))
_RETRY = change(PAYMENTS, "retry_on", by=("id",))
_ENTRY = put(ENTRIES)


def _requested(at: Occurrence, event: events.PaymentRequested) -> tuple[Operation]:
    row = (
        at.position,
        text(at.stream),
        event.account,
        event.currency,
        event.amount,
        event.kind,
        event.method,
        event.collection,
        event.execution,
        event.attempt,
        event.retry_of,
        written(event.on),
        "requested",
        None,
        None,
        None,
        None,
        None,
    )
    return ((_PUT, row),)


def _recorded(at: Occurrence, event: events.PaymentRecorded) -> tuple[Operation]:
    on = written(event.on)
    row = (
        at.position,
        text(at.stream),
        event.account,
        event.currency,
        event.amount,
        event.kind,
        None,
        None,
        None,
        1,
        None,
        on,
        "succeeded",
        on,
        None,
        None,
        None,
        event.reference,
    )
    return ((_PUT, row),)


def _prepared(at: Occurrence, event: events.PaymentPrepared) -> tuple[Operation]:
    return ((_PREPARED, (text(at.stream), "prepared", event.reference)),)


def _unknown(at: Occurrence, event: events.PaymentUnknown) -> tuple[Operation]:
    return ((_STATUS, (text(at.stream), "unknown")),)


def _succeeded(at: Occurrence, event: events.PaymentSucceeded) -> tuple[Operation]:
    row = (text(at.stream), "succeeded", event.reference, written(event.on), None)
    return ((_SUCCEEDED, row),)


def _declined(at: Occurrence, event: events.PaymentDeclined) -> tuple[Operation]:
    row = (text(at.stream), "declined", event.code, event.message, written(event.retry_on))
    return ((_DECLINED, row),)


def _retry_closed(at: Occurrence, event: events.RetryClosed) -> tuple[Operation]:
    return ((_RETRY, (text(at.stream), None)),)


def _removed(at: Occurrence, event: events.PaymentRemoved) -> tuple[Operation]:
    return ((_STATUS, (text(at.stream), "removed")),)


def _shared(
    at: Occurrence, event: events.PaymentDisbursed | events.PaymentDetached
) -> tuple[Operation]:
    on = written(event.on)
    if isinstance(event, events.PaymentDetached):
        return (_entry(at, "detached", event.amount, on, event.invoice, event.reason),)
    return (_entry(at, "disbursed", event.amount, on, event.invoice, None),)


def _refund(
    at: Occurrence,
    event: events.RefundRequested
    | events.PaymentRefunded
    | events.RefundFailed
    | events.RefundReturned,
) -> tuple[Operation]:
    match event:
        case events.RefundRequested():
            entry = "refund_requested"
        case events.PaymentRefunded():
            entry = "refunded"
        case events.RefundFailed():
            entry = "refund_failed"
        case events.RefundReturned():
            entry = "refund_returned"
    return (_entry(at, entry, event.amount, written(event.on), None, event.refund),)


def _dispute(
    at: Occurrence, event: events.PaymentChargedBack | events.ChargeBackWon
) -> tuple[Operation]:
    won = isinstance(event, events.ChargeBackWon)
    entry = "charge_back_won" if won else "charged_back"
    return (_entry(at, entry, event.amount, written(event.on), None, event.dispute),)


def _entry(
    at: Occurrence,
    entry: str,
    amount: int,
    on: str | None,
    invoice: str | None,
    about: str | None,
) -> Operation:
    return _ENTRY, (at.position, text(at.stream), entry, amount, on, invoice, about)


VIEW = View(
    "payments",
    version=1,
    tables=(PAYMENTS, ENTRIES),
    handlers={
        "payment.requested": _requested,
        "payment.recorded": _recorded,
        "payment.prepared": _prepared,
        "payment.unknown": _unknown,
        "payment.succeeded": _succeeded,
        "payment.declined": _declined,
        "payment.retry_closed": _retry_closed,
        "payment.removed": _removed,
        "payment.disbursed": _shared,
        "payment.detached": _shared,
        "payment.refund_requested": _refund,
        "payment.refunded": _refund,
        "payment.refund_failed": _refund,
        "payment.refund_returned": _refund,
        "payment.charged_back": _dispute,
        "payment.charge_back_won": _dispute,
    },
)

_FIELDS = (
    "id",
    "account",
    "currency",
    "amount",
    "kind",
    "method",
    "collection",
    "execution",
    "attempt",
    "retry_of",
    "asked_on",
    "status",
    "succeeded_on",
    "code",
    "message",
    "retry_on",
    "reference",
)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM view_payments"
_SIGNS = {
    "disbursed": ("disbursed", 1),
    "detached": ("disbursed", -1),
    "refunded": ("refunded", 1),
    "refund_returned": ("refunded", -1),
    "charged_back": ("charged_back", 1),
    "charge_back_won": ("charged_back", -1),
}


def payments(
    views: Database, showing: Showing, account: str | None = None, status: str | None = None
) -> Iterator[dict[str, Any]]:
    """Payments in the order in which they were asked for: all, an account's, those of a status
    (`pending` stands for the three whose outcome is not known).
    """
    wheres: list[str] = []
    parameters: list[Any] = []
    if account is not None:
        wheres.append("account = ?")
        parameters.append(account)
    if status == "pending":
        wheres.append("status IN ('requested', 'prepared', 'unknown')")
    elif status is not None:
        wheres.append("status = ?")
        parameters.append(status)
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    rows = list(views.rows(f"{_SELECT}{where} ORDER BY position", parameters))
    return (_shape(views, row, showing) for row in rows)


def one(views: Database, showing: Showing, id: str) -> dict[str, Any] | None:
    """A payment with what became of it."""
    for row in views.rows(f"{_SELECT} WHERE id = ?", (id,)):
        shape = _shape(views, row, showing)
        shape["entries"] = [
            {
                "entry": entry,
                "amount": showing.amount(amount, shape["currency"]),
                "on": on,
                "invoice": _number(views, invoice),
                "about": about,
            }
            for entry, amount, on, invoice, about in views.rows(_ENTRIES, (id,))
        ]
        return shape
    return None


def _number(views: Database, invoice: str | None) -> str | None:
    """The number of an invoice by its id."""
    if invoice is None:
        return None
    for row in views.rows("SELECT number FROM view_invoices WHERE id = ?", (parse(invoice),)):
        return str(row[0])
    return invoice


_ENTRIES = """
    SELECT entry, amount, held_on, invoice, about FROM view_payment_entries
    WHERE payment = ? ORDER BY position"""


def ids(views: Database, digits: str) -> list[str]:
    """Ids that begin or end with the text, or begin with one half of it and end with the other."""
    half = len(digits) // 2
    query = "SELECT id FROM view_payments WHERE id LIKE ? OR id LIKE ? OR id LIKE ? LIMIT 3"
    ends = (f"{digits}%", f"%{digits}", f"{digits[:half]}%{digits[half:]}")
    return [row[0] for row in views.rows(query, ends)]


def refunded_since(views: Database, day: date) -> list[str]:
    """Ids of payments of which money was given back through the gateway on or after a day."""
    query = """
        SELECT DISTINCT p.id FROM view_payments p JOIN view_payment_entries e ON e.payment = p.id
        WHERE e.entry = 'refund_requested' AND e.held_on >= ? ORDER BY p.id"""
    return [row[0] for row in views.rows(query, (day.isoformat(),))]


def _shape(views: Database, row: Row, showing: Showing) -> dict[str, Any]:
    shape: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    currency, amount = shape["currency"], shape["amount"]
    sums = {"disbursed": 0, "refunded": 0, "charged_back": 0}
    query = "SELECT entry, sum(amount) FROM view_payment_entries WHERE payment = ? GROUP BY entry"
    raw: dict[str, int] = {entry: int(total) for entry, total in views.rows(query, (shape["id"],))}
    for entry, (name, sign) in _SIGNS.items():
        sums[name] += sign * raw.get(entry, 0)
    under_way = (
        raw.get("refund_requested", 0) - raw.get("refunded", 0) - raw.get("refund_failed", 0)
    )
    rest = 0
    if shape["status"] == "succeeded":
        rest = amount - sum(sums.values()) - max(under_way, 0)
    shape["amount"] = showing.amount(amount, currency)
    shape.update({name: showing.amount(total, currency) for name, total in sums.items()})
    shape["undisbursed"] = showing.amount(rest, currency)
    return shape
