"""The journal: what every document and every payment posts, as rows (R26).

A row is a transaction with its GL code; which accounts of the books that is, `projections.ledger`
says at reading, for codes are setup. Lines of an invoice that post alike are one row, so that a
journal of a million invoices stays small; a line billed in advance is a row of its own, with its
service period, for it is earned by day.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import msgspec

from aggregates import identity
from aggregates.invoice import InvoiceSettled, InvoiceUnsettled, InvoiceVoided
from aggregates.payment import events as payments
from aggregates.receivables import TransactionAdded, TransactionRemoved
from projections.view import Column, Occurrence, Operation, Table, View, change, put

JOURNAL = Table(
    "journal",
    key=("position", "part"),
    columns=(
        Column("position", "integer"),
        Column("part", "integer"),
        Column("entry", required=True),
        Column("posting_date", "date"),
        Column("document", required=True),
        Column("reference"),
        Column("account"),
        Column("charged"),
        Column("currency"),
        Column("amount", "integer"),
        Column("original_currency"),
        Column("original_amount", "integer"),
        Column("gl_code"),
        Column("kind"),
        Column("period_start", "date"),
        Column("period_end", "date"),
    ),
    indexes=(("posting_date",), ("account",), ("document",)),
)
"""`entry`: invoiced · billed (a manual transaction that was posted before goes on an invoice) ·
added · removed (a manual transaction) · payment · refund · refund_returned · charge_back · won ·
payment_removed.
`document` is the id of the invoice, payment or manual transaction; the account, currency and
amount of `removed`, `payment` and `payment_removed` stand in `journal_amounts` under it. `account`
is the invoicer, `charged` the account a manual transaction stands on. `period_start` and
`period_end` (exclusive) are there for what was billed in advance alone.
"""

AMOUNTS = Table(
    "journal_amounts",
    key=("document",),
    columns=(
        Column("document"),
        Column("account", required=True),
        Column("currency", required=True),
        Column("amount", "integer", required=True),
        Column("gl_code"),
        Column("kind", required=True),
    ),
)

DOCUMENTS = Table(
    "journal_documents",
    key=("document",),
    columns=(
        Column("document"),
        Column("number", required=True),
        Column("kind", required=True),
        Column("account", required=True),
        Column("currency", required=True),
        Column("posting_date", "date", required=True),
        Column("due_date", "date", required=True),
        Column("total", "integer", required=True),
        Column("voided_on", "date"),
    ),
)
"""Invoices, credit notes and reversals, to tell how old what is owed on them is."""

SETTLEMENTS = Table(
    "journal_settlements",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("document", required=True),
        Column("settled_on", "date", required=True),
        Column("amount", "integer", required=True),
    ),
    indexes=(("document",),),
)
"""What was settled of a document, and what of that is open again (negative), with the sign of the
document's total.
"""

_POST = put(JOURNAL)
_AMOUNT = put(AMOUNTS)
_DOCUMENT = put(DOCUMENTS)
_VOIDED = change(DOCUMENTS, "voided_on")
_SETTLE = put(SETTLEMENTS)
_ONE_DAY = timedelta(days=1)


class Line(msgspec.Struct):
    """All the journal needs of a line, which comes in millions."""

    account: str
    kind: str
    start: date
    end: date
    amount: int
    gl_code: str | None = None
    original_amount: int | None = None
    original_currency: str | None = None
    transaction: str = ""
    charged_by: str | None = None


class Page(msgspec.Struct):
    """Lines of an invoice before its last page. They post when the invoice stands."""

    lines: tuple[Line, ...]


class Generated(msgspec.Struct):
    """All the journal needs of a document."""

    number: str
    account: str
    currency: str
    posting_date: date
    due_date: date
    total: int
    lines: tuple[Line, ...]
    first: int = 1
    kind: str = "charges"


_STANDS = change(JOURNAL, "reference", "posting_date", "account", "currency", by=("document",))


def _page(at: Occurrence, event: Page) -> Iterable[Operation]:
    return _lines(at, event.lines, (None, None, None, None))


def _generated(at: Occurrence, event: Generated) -> Iterable[Operation]:
    head = (event.number, event.posting_date.isoformat(), event.account, event.currency)
    number, posting_date, account, currency = head
    values = (number, event.kind, account, currency, posting_date, event.due_date.isoformat())
    yield _DOCUMENT, (identity.text(at.stream), *values, event.total, None)
    yield from _lines(at, event.lines, head)
    if event.first > 1:
        yield _STANDS, (identity.text(at.stream), *head)


def _lines(
    at: Occurrence, lines: Iterable[Line], head: tuple[str | None, str | None, Any, Any]
) -> Iterable[Operation]:
    """Rows of lines. Of lines before the last page nobody knows the posting date yet, so these
    all keep their service period.
    """
    number, posting_date, account, currency = head
    document = identity.text(at.stream)
    together: dict[tuple[Any, ...], list[int]] = {}
    for index, line in enumerate(lines):
        manual = bool(line.transaction) and line.charged_by == ""
        own: int | str | None = index
        start: str | None = line.start.isoformat()
        end: str | None = line.end.isoformat()
        if manual or (posting_date is not None and _is_over(line.end, posting_date)):
            start = end = own = None
        key = (
            "billed" if manual else "invoiced",
            line.account if manual else None,
            line.gl_code,
            line.kind if line.kind == "fee" else "charge",
            line.original_currency if manual else None,
            start,
            end,
            own,
        )
        sums = together.setdefault(key, [0, 0])
        sums[0] += line.amount
        sums[1] += line.original_amount or 0
    for row, (key, (amount, original)) in enumerate(together.items()):
        entry, charged, gl_code, kind, original_currency, start, end, _ = key
        yield (
            _POST,
            (
                at.position,
                row,
                entry,
                posting_date,
                document,
                number,
                account,
                charged,
                currency,
                amount,
                original_currency,
                original if original_currency is not None else None,
                gl_code,
                kind,
                start,
                end,
            ),
        )


def _is_over(end: date, posting_date: str) -> bool:
    """Whether the last day of a service period has come when it is posted: earned at once."""
    return (end - _ONE_DAY).isoformat() <= posting_date


def _settled(at: Occurrence, event: InvoiceSettled) -> tuple[Operation, ...]:
    row = (at.position, identity.text(at.stream), event.on.isoformat(), event.amount)
    return ((_SETTLE, row),)


def _unsettled(at: Occurrence, event: InvoiceUnsettled) -> tuple[Operation, ...]:
    row = (at.position, identity.text(at.stream), event.on.isoformat(), -event.amount)
    return ((_SETTLE, row),)


def _voided(at: Occurrence, event: InvoiceVoided) -> tuple[Operation, ...]:
    return ((_VOIDED, (identity.text(at.stream), event.on.isoformat())),)


def _added(at: Occurrence, event: TransactionAdded) -> tuple[Operation, ...]:
    waiting = event.transaction
    charge = waiting.charge
    kind = "fee" if charge.kind == "fee" else "charge"
    values = (waiting.transaction, event.account, event.currency, charge.amount)
    return (
        (_AMOUNT, (*values, charge.gl_code, kind)),
        _post(at, "added", event.on, waiting.transaction, *values[1:], charge.gl_code, kind),
    )


def _removed(at: Occurrence, event: TransactionRemoved) -> tuple[Operation, ...]:
    return (_post(at, "removed", event.on, event.transaction),)


def _intended(
    at: Occurrence, event: payments.PaymentRequested | payments.PaymentRecorded
) -> tuple[Operation, ...]:
    """The amount of a payment, and what is posted at once: money that came some other way."""
    document = identity.text(at.stream)
    amount: tuple[Operation] = (
        (_AMOUNT, (document, event.account, event.currency, event.amount, None, event.kind)),
    )
    if isinstance(event, payments.PaymentRequested):
        return amount
    return (*amount, _post(at, "payment", event.on, document))


def _succeeded(at: Occurrence, event: payments.PaymentSucceeded) -> tuple[Operation, ...]:
    return (_post(at, "payment", event.on, identity.text(at.stream)),)


def _payment_removed(at: Occurrence, event: payments.PaymentRemoved) -> tuple[Operation, ...]:
    return (_post(at, "payment_removed", event.on, identity.text(at.stream)),)


def _refunded(at: Occurrence, event: payments.PaymentRefunded) -> tuple[Operation, ...]:
    return (_part(at, "refund", event.on, event.amount),)


def _refund_returned(at: Occurrence, event: payments.RefundReturned) -> tuple[Operation, ...]:
    return (_part(at, "refund_returned", event.on, event.amount),)


def _charged_back(at: Occurrence, event: payments.PaymentChargedBack) -> tuple[Operation, ...]:
    return (_part(at, "charge_back", event.on, event.amount),)


def _won(at: Occurrence, event: payments.ChargeBackWon) -> tuple[Operation, ...]:
    return (_part(at, "won", event.on, event.amount),)


def _part(at: Occurrence, entry: str, on: date, amount: int) -> Operation:
    """Part of a payment goes back or comes again: its account and currency stand with it."""
    return _post(at, entry, on, identity.text(at.stream), None, None, amount)


def _post(
    at: Occurrence,
    entry: str,
    on: date,
    document: str,
    account: str | None = None,
    currency: str | None = None,
    amount: int | None = None,
    gl_code: str | None = None,
    kind: str | None = None,
) -> Operation:
    head = (at.position, 0, entry, on.isoformat(), document, None, account, account, currency)
    return _POST, (*head, amount, None, None, gl_code, kind, None, None)


VIEW = View(
    "journal",
    version=1,
    tables=(JOURNAL, AMOUNTS, DOCUMENTS, SETTLEMENTS),
    handlers={
        "invoice.lines_added": _page,
        "invoice.generated": _generated,
        "invoice.settled": _settled,
        "invoice.unsettled": _unsettled,
        "invoice.voided": _voided,
        "receivables.transaction_added": _added,
        "receivables.transaction_removed": _removed,
        "payment.requested": _intended,
        "payment.recorded": _intended,
        "payment.succeeded": _succeeded,
        "payment.removed": _payment_removed,
        "payment.refunded": _refunded,
        "payment.refund_returned": _refund_returned,
        "payment.charged_back": _charged_back,
        "payment.charge_back_won": _won,
    },
    slices={"invoice.lines_added": Page, "invoice.generated": Generated},
)
