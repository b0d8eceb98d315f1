"""What waits on an account: transactions on no invoice yet (R15, R18, R20, decision 19)."""

from datetime import date

from msgspec.structs import replace

from aggregates.account_package.events import Charge
from aggregates.event import Event, Fact, ImpossibleEvent, State


class Waiting(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A charge that waits, in the account's currency. Its date is its bill date (R15). A manual
    transaction (R25) and a fee (R24, R31) have an id, and no account-package.
    """

    account_package: str
    package: str
    bill_date: date
    execution: str
    charge: Charge
    transaction: str = ""
    description: str = ""
    of_invoice: str = ""
    of_line: int | None = None
    """The line of an invoice that the transaction corrects, if it does."""


class ChargesWaiting(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Charges of an execution went on no invoice. `reason`: below_threshold, zero_total,
    not_invoiced.
    """

    account: str
    currency: str
    reason: str
    charges: tuple[Waiting, ...]


class ChargesInvoiced(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Everything that waited and is dated on or before `up_to` went on the invoice."""

    invoice: str
    up_to: date


class ChargesClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Lines of 0.00 dated on or before `up_to` were closed without an invoice (R20)."""

    execution: str
    up_to: date


class TransactionAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A manual debit or credit, or a one-time charge, waits for the next invoice (R25)."""

    account: str
    currency: str
    transaction: Waiting
    on: date


class TransactionRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A transaction that waited was removed again; it keeps its place in history (R25)."""

    transaction: str
    on: date
    reason: str = ""


class ChargesTakenBack(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Charges of account-packages that waited are taken back: those with a bill date on or after
    the one their package goes back to (R21), or all of an execution (R22).
    """

    packages: dict[str, date]
    on: date
    invoice: str = ""
    execution: str = ""


class TransactionsRestored(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What stood on an invoice that is void now waits again: manual transactions and fees (R21)."""

    account: str
    currency: str
    invoice: str
    transactions: tuple[Waiting, ...]
    on: date


ReceivablesEvent = (
    ChargesWaiting
    | ChargesInvoiced
    | ChargesClosed
    | TransactionAdded
    | TransactionRemoved
    | ChargesTakenBack
    | TransactionsRestored
)


class ReceivablesState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    account: str
    currency: str
    waiting: tuple[Waiting, ...] = ()


PAGE = 400
"""Waiting charges in one event at most, so that no event is large (design decision 11)."""


def evolve(state: ReceivablesState | None, event: ReceivablesEvent) -> ReceivablesState:
    """What waits after the event."""
    added = _added(event)
    if added is not None:
        account, currency, charges = added
        before = () if state is None else state.waiting
        return ReceivablesState(account=account, currency=currency, waiting=before + charges)
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} before anything waited")
    match event:
        case ChargesInvoiced():
            kept = tuple(w for w in state.waiting if w.bill_date > event.up_to)
        case ChargesClosed():
            kept = tuple(
                w for w in state.waiting if w.bill_date > event.up_to or w.charge.amount != 0
            )
        case TransactionRemoved():
            kept = tuple(w for w in state.waiting if w.transaction != event.transaction)
        case ChargesTakenBack():
            kept = tuple(w for w in state.waiting if not _is_taken_back(w, event))
        case _:
            raise ImpossibleEvent(f"{type(event).__name__} adds nothing")
    return replace(state, waiting=kept)


def _added(event: ReceivablesEvent) -> tuple[str, str, tuple[Waiting, ...]] | None:
    """What the event makes wait, with its account and currency."""
    match event:
        case ChargesWaiting():
            return event.account, event.currency, event.charges
        case TransactionAdded():
            return event.account, event.currency, (event.transaction,)
        case TransactionsRestored():
            return event.account, event.currency, event.transactions
        case _:
            return None


def _is_taken_back(waiting: Waiting, event: ChargesTakenBack) -> bool:
    first = event.packages.get(waiting.account_package)
    return first is not None and not waiting.transaction and waiting.bill_date >= first


def wait(
    account: str, currency: str, reason: str, charges: list[Waiting]
) -> list[ReceivablesEvent]:
    """The charges wait on the account, in pages (R18, R20)."""
    return [
        ChargesWaiting(
            account=account,
            currency=currency,
            reason=reason,
            charges=tuple(charges[first : first + PAGE]),
        )
        for first in range(0, len(charges), PAGE)
    ]
