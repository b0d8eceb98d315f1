"""The view of manual transactions: what waits, what was invoiced, what was removed (R25)."""

from collections.abc import Iterator
from typing import Any

from aggregates import receivables as events
from aggregates.identity import parse
from projections.shapes import Showing
from projections.view import Column, Database, Occurrence, Operation, Table, View, change, put

TRANSACTIONS = Table(
    "transactions",
    key=("id",),
    columns=(
        Column("id"),
        Column("stream", "bytes", required=True),
        Column("account", required=True),
        Column("currency", required=True),
        Column("kind", required=True),
        Column("amount", "integer", required=True),
        Column("date", "date", required=True),
        Column("description", required=True),
        Column("gl_code"),
        Column("corrects", "bytes"),
        Column("line", "integer"),
        Column("since", "integer", required=True),
        Column("removed", "integer", required=True),
    ),
    indexes=(("account",),),
)
"""`since` is the position from which it waits: a void makes it wait again."""

INVOICED = Table(
    "transactions_invoiced",
    key=("position",),
    columns=(
        Column("position", "integer"),
        Column("stream", "bytes", required=True),
        Column("up_to", "date", required=True),
        Column("invoice", "bytes", required=True),
    ),
    indexes=(("stream", "position"),),
)
"""When what waited on an account went on an invoice."""

_PUT = put(TRANSACTIONS)
_SINCE = change(TRANSACTIONS, "since")
_REMOVED = change(TRANSACTIONS, "removed")
_INVOICED = put(INVOICED)


def _added(at: Occurrence, event: events.TransactionAdded) -> tuple[Operation]:
    one = event.transaction
    row = (
        one.transaction,
        at.stream,
        event.account,
        event.currency,
        one.charge.kind,
        one.charge.amount,
        one.bill_date.isoformat(),
        one.description,
        one.charge.gl_code,
        parse(one.of_invoice) if one.of_invoice else None,
        one.of_line,
        at.position,
        0,
    )
    return ((_PUT, row),)


def _removed(_: Occurrence, event: events.TransactionRemoved) -> tuple[Operation]:
    return ((_REMOVED, (event.transaction, 1)),)


def _restored(at: Occurrence, event: events.TransactionsRestored) -> Iterator[Operation]:
    for one in event.transactions:
        yield _SINCE, (one.transaction, at.position)


def _invoiced(at: Occurrence, event: events.ChargesInvoiced) -> tuple[Operation]:
    row = (at.position, at.stream, event.up_to.isoformat(), parse(event.invoice))
    return ((_INVOICED, row),)


VIEW = View(
    "transactions",
    version=1,
    tables=(TRANSACTIONS, INVOICED),
    handlers={
        "receivables.transaction_added": _added,
        "receivables.transaction_removed": _removed,
        "receivables.restored": _restored,
        "receivables.charges_invoiced": _invoiced,
    },
)

_SELECT = """
    SELECT t.id, t.account, t.currency, t.kind, t.amount, t.date, t.description, t.gl_code,
        (SELECT number FROM view_invoices i WHERE i.id = t.corrects), t.line, t.removed,
        (SELECT number FROM view_invoices i WHERE i.id = (
            SELECT n.invoice FROM view_transactions_invoiced n
            WHERE n.stream = t.stream AND n.position > t.since AND n.up_to >= t.date
            ORDER BY n.position LIMIT 1))
    FROM view_transactions t
"""


def transactions(
    views: Database, showing: Showing, account: str | None = None, kind: str | None = None
) -> Iterator[dict[str, Any]]:
    """Manual transactions by account, date and id: all, an account's, those of a kind."""
    wheres: list[str] = []
    parameters: list[Any] = []
    for column, value in (("t.account", account), ("t.kind", kind)):
        if value is not None:
            wheres.append(f"{column} = ?")
            parameters.append(value)
    where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
    query = f"{_SELECT} {where} ORDER BY t.account, t.date, t.id"
    for row in views.rows(query, parameters):
        id, number, currency, its_kind, amount, date, description, gl_code = row[:8]
        corrects, line, removed, invoice = row[8:]
        status = "invoiced" if invoice else "waiting"
        yield {
            "id": id,
            "account": number,
            "kind": its_kind,
            "amount": showing.amount(amount, currency),
            "currency": currency,
            "date": date,
            "description": description,
            "gl_code": gl_code,
            "corrects": corrects,
            "line": line,
            "status": "removed" if removed else status,
            "invoice": None if removed else invoice,
        }


def whose(views: Database, digits: str) -> list[tuple[str, str]]:
    """Ids that begin or end so, with their accounts."""
    query = "SELECT id, account FROM view_transactions WHERE id LIKE ? OR id LIKE ? ORDER BY id"
    found = views.rows(query, (f"{digits}%", f"%{digits}"))
    return [(str(id), str(account)) for id, account in found]
