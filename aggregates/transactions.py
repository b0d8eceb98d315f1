"""Manual transactions: debits, credits and one-time charges, asked for by a person (R25).

They change the balance at once and go on the next invoice. Until then they can be removed, by an
event; afterwards only a credit or a void takes them back.
"""

from datetime import date

from aggregates.account import AccountState
from aggregates.account_package.events import Charge
from aggregates.days import day_after
from aggregates.ledger import LedgerState
from aggregates.receivables import (
    ReceivablesEvent,
    ReceivablesState,
    TransactionAdded,
    TransactionRemoved,
    Waiting,
)
from aggregates.refusal import Refusal

KINDS = ("credit", "adjustment", "one_time")
"""A credit takes off the balance; an adjustment is a debit; a one-time charge is for something."""

NAMES = {"credit": "Credit", "adjustment": "Debit", "one_time": "One-time charge"}


def add(
    account: AccountState,
    *,
    id: str,
    kind: str,
    amount: int,
    on: date,
    today: date,
    description: str,
    gl_code: str | None = None,
    of_invoice: str = "",
    of_line: int | None = None,
) -> list[ReceivablesEvent]:
    """A transaction of `amount` minor units (above 0) in the account's currency, dated `on`."""
    if amount <= 0:
        raise Refusal(
            "amount_not_positive",
            "the amount must be above 0: a credit and a charge are told by their verb",
        )
    if account.status == "closed":
        raise Refusal(
            "account_closed",
            f"account {account.number} is closed: set its status to active first",
            account=account.number,
        )
    charge = Charge(
        service=kind,
        name=NAMES[kind],
        kind=kind,
        start=on,
        end=day_after(on),
        days=1,
        full_days=1,
        amount=-amount if kind == "credit" else amount,
        gl_code=gl_code,
    )
    waiting = Waiting(
        account_package="",
        package="",
        bill_date=on,
        execution="",
        charge=charge,
        transaction=id,
        description=description,
        of_invoice=of_invoice,
        of_line=of_line,
    )
    return [
        TransactionAdded(
            account=account.number, currency=account.currency, transaction=waiting, on=today
        )
    ]


def posted_because(books: LedgerState | None, on: date, today: date) -> str:
    """Why a transaction dated `on` posts today instead (R26); empty when it is today's."""
    if on == today:
        return ""
    closed = books.closed_through if books is not None else None
    if closed is not None and on <= closed:
        return f"{on} lies in a closed period: the books are closed through {closed}"
    return f"manual transactions post the day they are added; {on} is the date on the invoice"


def remove(
    state: ReceivablesState | None, id: str, on: date, reason: str
) -> tuple[list[ReceivablesEvent], Waiting]:
    """Takes a transaction out before it is invoiced, and the transaction it was. Refused with
    `transaction_not_waiting` when none of that id waits.
    """
    for waiting in state.waiting if state is not None else ():
        if waiting.transaction == id:
            return [TransactionRemoved(transaction=id, on=on, reason=reason)], waiting
    raise Refusal(
        "transaction_not_waiting",
        f"no transaction {id} waits: it was removed, or stands on an invoice, which can be "
        "credited with `billstream invoice credit`",
        transaction=id,
    )
