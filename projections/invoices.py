"""The view of invoices, with their lines (R15-R21)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from aggregates import invoice as events
from aggregates.identity import account as account_id
from aggregates.identity import parse
from aggregates.invoice import InvoiceLine
from projections.shapes import Showing, invoice_line
from projections.view import Column, Database, Occurrence, Operation, Row, Table, View, change, put
from schemas import unreadable

INVOICES = Table(
    "invoices",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("id", "bytes", required=True),
        Column("number", required=True),
        Column("series", required=True),
        Column("status", required=True),
        Column("account", required=True),
        Column("currency", required=True),
        Column("invoice_date", "date", required=True),
        Column("due_date", "date", required=True),
        Column("posting_date", "date", required=True),
        Column("net", "integer", required=True),
        Column("tax", "integer", required=True),
        Column("total", "integer", required=True),
        Column("execution", required=True),
        Column("exchange_rates"),
        Column("first", "integer", required=True),
        Column("lines", "json", required=True),
        Column("kind", required=True),
        Column("reverses", "bytes"),
        Column("reversal", "bytes"),
        Column("reason", required=True),
    ),
    indexes=(("id",), ("number",), ("execution",)),
)
"""In the order of history, which is that of numbers (R19). `lines` are the stored lines of the
last page, beginning with line `first`; the pages before it stand in a table of their own. Ids of
an account's invoices share their first six bytes with the account's.
"""

PAGES = Table(
    "invoice_pages",
    key=("id", "first"),
    columns=(
        Column("id", "bytes"),
        Column("first", "integer"),
        Column("lines", "json", required=True),
    ),
)

SETTLEMENTS = Table(
    "invoice_settlements",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("id", "bytes", required=True),
        Column("amount", "integer", required=True),
    ),
    indexes=(("id",),),
)
"""What was settled of an invoice, and with a minus what was taken off again."""

_PUT = put(INVOICES)
_VOIDED = change(INVOICES, "status", "reversal", by=("id",))
_SETTLED = put(SETTLEMENTS)
_PAGE = put(PAGES)


class LinesAdded(msgspec.Struct):
    """A page of lines, as stored."""

    first: int
    lines: msgspec.Raw


class Generated(msgspec.Struct):
    """All this view needs of `invoice.generated`, which comes in millions: the lines stay as
    stored and are decoded when somebody looks at them.
    """

    number: str
    execution: str
    account: str
    currency: str
    invoice_date: str
    due_date: str
    posting_date: str
    net: int
    tax: int
    total: int
    lines: msgspec.Raw
    series: str = "default"
    first: int = 1
    exchange_rates: str | None = None
    kind: str = "charges"
    reverses: str | None = None
    reason: str = ""


def _lines_added(at: Occurrence, event: LinesAdded) -> tuple[Operation]:
    return ((_PAGE, (at.stream, event.first, str(event.lines, "utf-8"))),)


def _generated(at: Occurrence, event: Generated) -> tuple[Operation]:
    row = (
        at.position,
        at.stream,
        event.number,
        event.series,
        "posted",
        event.account,
        event.currency,
        event.invoice_date,
        event.due_date,
        event.posting_date,
        event.net,
        event.tax,
        event.total,
        event.execution,
        event.exchange_rates,
        event.first,
        str(event.lines, "utf-8"),
        event.kind,
        None if event.reverses is None else parse(event.reverses),
        None,
        event.reason,
    )
    return ((_PUT, row),)


def _voided(at: Occurrence, event: events.InvoiceVoided) -> tuple[Operation]:
    return ((_VOIDED, (at.stream, "void", parse(event.reversal))),)


def _settled(at: Occurrence, event: events.InvoiceSettled) -> tuple[Operation]:
    return ((_SETTLED, (at.position, at.stream, event.amount)),)


def _unsettled(at: Occurrence, event: events.InvoiceUnsettled) -> tuple[Operation]:
    return ((_SETTLED, (at.position, at.stream, -event.amount)),)


VIEW = View(
    "invoices",
    version=2,
    tables=(INVOICES, PAGES, SETTLEMENTS),
    handlers={
        "invoice.lines_added": _lines_added,
        "invoice.generated": _generated,
        "invoice.voided": _voided,
        "invoice.settled": _settled,
        "invoice.unsettled": _unsettled,
    },
    slices={"invoice.lines_added": LinesAdded, "invoice.generated": Generated},
)

FIELDS = (
    "number",
    "series",
    "status",
    "account",
    "currency",
    "invoice_date",
    "due_date",
    "posting_date",
    "net",
    "tax",
    "total",
    "execution",
    "exchange_rates",
    "kind",
    "reason",
)
_SELECT = f"""
    SELECT {", ".join(FIELDS)},
        (SELECT number FROM view_invoices r WHERE r.id = i.reverses) AS reverses,
        (SELECT number FROM view_invoices r WHERE r.id = i.reversal) AS reversed_by,
        coalesce((SELECT sum(s.amount) FROM view_invoice_settlements s WHERE s.id = i.id), 0),
        id, first, lines
    FROM view_invoices i
"""
_LINES = "SELECT lines FROM view_invoice_pages WHERE id = ? ORDER BY first"
_decoder = msgspec.json.Decoder(tuple[InvoiceLine, ...])


def invoices(
    views: Database,
    showing: Showing,
    account: str | None = None,
    execution: str | None = None,
    *,
    lines: bool = False,
) -> Iterator[dict[str, Any]]:
    """Invoices in the order of their numbers: all, an account's, an execution's."""
    wheres: list[str] = []
    parameters: list[Any] = []
    if account is not None:
        low, high = _ids_of(account)
        wheres.append("id >= ? AND id < ? AND account = ?")
        parameters += [low, high, account]
    if execution is not None:
        wheres.append("execution = ?")
        parameters.append(execution)
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    rows = views.rows(f"{_SELECT}{where} ORDER BY position", parameters)
    return (_shape(views, row, showing, lines) for row in rows)


def one(views: Database, showing: Showing, number: str) -> dict[str, Any] | None:
    """The invoice with the number, with its lines."""
    for row in views.rows(f"{_SELECT} WHERE number = ?", (number,)):
        return _shape(views, row, showing, True)
    return None


def id_of(views: Database, number: str) -> bytes | None:
    """The stream of the invoice with the number."""
    for row in views.rows("SELECT id FROM view_invoices WHERE number = ?", (number,)):
        return bytes(row[0])
    return None


def _ids_of(account: str) -> tuple[bytes, bytes]:
    """Between which ids the invoices of an account lie."""
    prefix = account_id(account)[:6]
    return prefix, prefix + b"\xff" * 10


def _shape(views: Database, row: Row, showing: Showing, with_lines: bool) -> dict[str, Any]:
    *values, reverses, reversed_by, settled, id, first, last_page = row
    shape: dict[str, Any] = dict(zip(FIELDS, values, strict=True))
    currency = shape["currency"]
    set_off = shape["status"] == "void" or shape["kind"] == "reversal"
    balance = 0 if set_off else shape["total"] - int(settled)
    shape |= {"reverses": reverses, "reversed_by": reversed_by}
    shape["balance"] = showing.amount(balance, currency)
    for name in ("net", "tax", "total"):
        shape[name] = showing.amount(shape[name], currency)
    if with_lines:
        pages = [page for (page,) in views.rows(_LINES, (id,))] if first > 1 else []
        all_lines = _decoded([*pages, last_page], shape["number"])
        shape["lines"] = lines(all_lines, currency, showing)
    return shape


def lines(found: Iterable[InvoiceLine], currency: str, showing: Showing) -> list[dict[str, Any]]:
    """Lines as the outside sees them, numbered from 1."""
    return [invoice_line(n, line, currency, showing) for n, line in enumerate(found, 1)]


def _decoded(pages: Sequence[str], number: str) -> list[InvoiceLine]:
    try:
        return [line for page in pages for line in _decoder.decode(page)]
    except unreadable.DAMAGED as fault:
        raise unreadable.of_view(VIEW.name, f"invoice {number}", fault) from fault


def generated(
    event: events.InvoiceGenerated, all_lines: Iterable[InvoiceLine], showing: Showing
) -> dict[str, Any]:
    """An invoice as the outside sees it, straight from its event (a preview's has no number)."""
    shape: dict[str, Any] = {name: None for name in FIELDS}
    shape.update(
        number=event.number or None,
        series=event.series,
        status="posted",
        account=event.account,
        currency=event.currency,
        invoice_date=event.invoice_date.isoformat(),
        due_date=event.due_date.isoformat(),
        posting_date=event.posting_date.isoformat(),
        net=showing.amount(event.net, event.currency),
        tax=showing.amount(event.tax, event.currency),
        total=showing.amount(event.total, event.currency),
        execution=event.execution,
        exchange_rates=event.exchange_rates,
        kind=event.kind,
        reason=event.reason,
        reverses=None,
        reversed_by=None,
        balance=showing.amount(event.total, event.currency),
        lines=lines(all_lines, event.currency, showing),
    )
    return shape
