"""How much to collect from an account (R23)."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

import msgspec

from aggregates.refusal import Refusal

COLLECTIONS = ("balance_due", "account_balance")


def check_collection(collection: str) -> str:
    """What may be collected."""
    if collection not in COLLECTIONS:
        raise Refusal(
            "collection_unknown",
            f"{collection!r} cannot be collected: use {' or '.join(COLLECTIONS)}",
            field="collection",
        )
    return collection


class Document(Protocol):
    """An invoice, or a credit note or reversal, whose balance is below 0."""

    @property
    def open_balance(self) -> int: ...

    @property
    def due_date(self) -> date: ...


class OpenDocument(msgspec.Struct, frozen=True, gc=False):
    """A document that is not written yet, or is looked at otherwise than it was."""

    open_balance: int
    due_date: date


def to_collect(
    collection: str,
    *,
    documents: Iterable[Document],
    waiting: int,
    undisbursed: int,
    pending: int,
    today: date,
) -> int:
    """The amount to ask for; 0 or less: nothing.

    `account_balance` is all that is owed, due or not. `balance_due` is what was due on the
    business date or before; what is below 0 counts whatever its date, for it is money of the
    account. It is never more than the whole balance, and what was asked for already and is not
    answered is not asked for again.
    """
    due = owed = 0
    for document in documents:
        balance = document.open_balance
        owed += balance
        if balance < 0 or document.due_date <= today:
            due += balance
    whole = owed + waiting - undisbursed
    if collection == "account_balance":
        return whole - pending
    return min(due - undisbursed, whole) - pending
