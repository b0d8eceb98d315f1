"""The view of accounts: who the customers are, found by number or name."""

from collections.abc import Iterator
from typing import Any

from aggregates import account as events
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
    remove,
)

ERASED = "erased"

ACCOUNTS = Table(
    "accounts",
    key=("id",),
    columns=(
        Column("id", "bytes"),
        Column("number", required=True),
        Column("number_folded", required=True),
        Column("name", required=True),
        Column("name_folded", required=True),
        Column("currency", required=True),
        Column("parent"),
        Column("invoicer", required=True),
        Column("bill_group", required=True),
        Column("bill_day", "integer", required=True),
        Column("status", required=True),
        Column("ar_term"),
    ),
    indexes=(("number",),),
)
"""`…_folded` hold the text in the form that searches compare."""

_PUT = put(ACCOUNTS)
_NAME = change(ACCOUNTS, "name", "name_folded")
_PARENT = change(ACCOUNTS, "parent")
_INVOICER = change(ACCOUNTS, "invoicer")
_BILL_GROUP = change(ACCOUNTS, "bill_group")
_BILL_DAY = change(ACCOUNTS, "bill_day")
_STATUS = change(ACCOUNTS, "status")
_AR_TERM = change(ACCOUNTS, "ar_term")
_CURRENCY = change(ACCOUNTS, "currency")
_REMOVE = remove(ACCOUNTS)


def _opened(at: Occurrence, event: events.AccountOpened) -> tuple[Operation]:
    name = at.personal.reveal(at.stream, event.name)
    row = (
        at.stream,
        event.number,
        event.number.casefold(),
        name,
        name.casefold(),
        event.currency,
        event.parent,
        event.invoicer,
        event.bill_group,
        event.bill_day,
        event.status,
        event.ar_term,
    )
    return ((_PUT, row),)


def _renamed(at: Occurrence, event: events.AccountRenamed) -> tuple[Operation]:
    name = at.personal.reveal(at.stream, event.name)
    return ((_NAME, (at.stream, name, name.casefold())),)


def _erased(at: Occurrence, _: events.AccountErased) -> tuple[Operation]:
    return ((_NAME, (at.stream, ERASED, ERASED)),)


def _moved(at: Occurrence, event: events.AccountMoved) -> tuple[Operation]:
    return ((_PARENT, (at.stream, event.parent)),)


def _invoicer(at: Occurrence, event: events.InvoicerChanged) -> tuple[Operation]:
    return ((_INVOICER, (at.stream, event.invoicer)),)


def _bill_group(at: Occurrence, event: events.BillGroupOfAccountChanged) -> tuple[Operation]:
    return ((_BILL_GROUP, (at.stream, event.bill_group)),)


def _bill_day(at: Occurrence, event: events.BillDayChanged) -> tuple[Operation]:
    return ((_BILL_DAY, (at.stream, event.bill_day)),)


def _status(at: Occurrence, event: events.AccountStatusChanged) -> tuple[Operation]:
    return ((_STATUS, (at.stream, event.status)),)


def _ar_term(at: Occurrence, event: events.ArTermOfAccountChanged) -> tuple[Operation]:
    return ((_AR_TERM, (at.stream, event.ar_term)),)


def _currency(at: Occurrence, event: events.AccountCurrencyChanged) -> tuple[Operation]:
    return ((_CURRENCY, (at.stream, event.currency)),)


def _deleted(at: Occurrence, _: events.AccountDeleted) -> tuple[Operation]:
    return ((_REMOVE, (at.stream,)),)


VIEW = View(
    "accounts",
    version=2,
    tables=(ACCOUNTS,),
    handlers={
        "account.opened": _opened,
        "account.renamed": _renamed,
        "account.erased": _erased,
        "account.moved": _moved,
        "account.invoicer_changed": _invoicer,
        "account.bill_group_changed": _bill_group,
        "account.bill_day_changed": _bill_day,
        "account.status_changed": _status,
        "account.ar_term_changed": _ar_term,
        "account.currency_changed": _currency,
        "account.deleted": _deleted,
    },
)

_SELECT = """
    SELECT number, name, currency, parent, invoicer, bill_group, bill_day, status,
        ar_term
    FROM view_accounts"""


def all_accounts(views: Database) -> Iterator[dict[str, Any]]:
    """Every account, by number."""
    return map(_shape, views.rows(f"{_SELECT} ORDER BY number"))


def search(views: Database, text: str) -> Iterator[dict[str, Any]]:
    """Accounts whose number or name contains the text, whatever its case; by number."""
    folded = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{folded}%"
    rows = views.rows(
        f"{_SELECT} WHERE number_folded LIKE ? ESCAPE '\\' OR name_folded LIKE ? ESCAPE '\\'"
        " ORDER BY number",
        (like, like),
    )
    return map(_shape, rows)


def one(views: Database, number: str) -> dict[str, Any] | None:
    """The account with the number."""
    for row in views.rows(f"{_SELECT} WHERE number = ?", (number,)):
        return _shape(row)
    return None


def having_ar_term(views: Database, name: str) -> list[str]:
    """The numbers of the accounts that have an AR term."""
    rows = views.rows("SELECT number FROM view_accounts WHERE ar_term = ? ORDER BY number", (name,))
    return [number for (number,) in rows]


_FIELDS = ("number", "name", "currency", "parent", "invoicer", "bill_group", "bill_day", "status")


def _shape(row: Row) -> dict[str, Any]:
    """`ar_term` is a key of accounts that have one."""
    *plain, ar_term = row
    found: dict[str, Any] = dict(zip(_FIELDS, plain, strict=True))
    return found if ar_term is None else found | {"ar_term": ar_term}
