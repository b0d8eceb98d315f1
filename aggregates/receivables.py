"""What waits on an account: transactions on no invoice yet (R15, R18, R20, decision 19)."""

from datetime import date

from msgspec.structs import replace

from aggregates.account_package.events import Charge
from aggregates.event import Event, Fact, ImpossibleEvent, State


class Waiting(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A charge that waits, in the account's currency. Its date is its bill date (R15)."""

    account_package: str
    package: str
    bill_date: date
    execution: str
    charge: Charge


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


ReceivablesEvent = ChargesWaiting | ChargesInvoiced | ChargesClosed


class ReceivablesState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    account: str
    currency: str
    waiting: tuple[Waiting, ...] = ()


PAGE = 400
"""Waiting charges in one event at most, so that no event is large (design decision 11)."""


def evolve(state: ReceivablesState | None, event: ReceivablesEvent) -> ReceivablesState:
    """What waits after the event."""
    if isinstance(event, ChargesWaiting):
        before = () if state is None else state.waiting
        return ReceivablesState(
            account=event.account, currency=event.currency, waiting=before + event.charges
        )
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} before anything waited")
    match event:
        case ChargesInvoiced():
            kept = tuple(w for w in state.waiting if w.bill_date > event.up_to)
        case ChargesClosed():
            kept = tuple(
                w for w in state.waiting if w.bill_date > event.up_to or w.charge.amount != 0
            )
    return replace(state, waiting=kept)


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
