"""A payment after its events, and what is still to be done about it (R23)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Fact, ImpossibleEvent, State
from aggregates.payment.events import (
    ChargeBackWon,
    PaymentChargedBack,
    PaymentDeclined,
    PaymentDetached,
    PaymentDisbursed,
    PaymentEvent,
    PaymentPrepared,
    PaymentRecorded,
    PaymentRefunded,
    PaymentRemoved,
    PaymentRequested,
    PaymentSucceeded,
    PaymentUnknown,
    RefundFailed,
    RefundRequested,
    RefundReturned,
    RetryClosed,
)

PENDING = ("requested", "prepared", "unknown")
"""Statuses of a payment whose outcome is not known yet."""


class InvoiceShare(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the payment pays of an invoice."""

    invoice: str
    amount: int


class Refunding(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A refund that the gateway has not answered yet."""

    refund: str
    amount: int


class Dispute(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money that the customer's bank took back; nothing once the case was won."""

    dispute: str
    amount: int


class PaymentState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`status`: requested, prepared, unknown (all three pending), succeeded, declined, removed."""

    account: str
    currency: str
    amount: int
    kind: str
    on: date
    status: str
    method: str = ""
    collection: str = ""
    execution: str | None = None
    attempt: int = 1
    retry_of: str | None = None
    first_declined: date | None = None
    retry_on: date | None = None
    reference: str = ""
    shares: tuple[InvoiceShare, ...] = ()
    refunding: tuple[Refunding, ...] = ()
    refunded: int = 0
    disputes: tuple[Dispute, ...] = ()

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def is_recorded(self) -> bool:
        """Came some other way than through the gateway."""
        return not self.method

    @property
    def kept(self) -> int:
        """What of it is with us: not given back, not on its way back, not taken back."""
        if self.status != "succeeded":
            return 0
        kept = self.amount - self.refunded
        for one in self.refunding:
            kept -= one.amount
        for taken in self.disputes:
            kept -= taken.amount
        return kept

    @property
    def rest(self) -> int:
        """What pays no invoice yet."""
        rest = self.kept
        for share in self.shares:
            rest -= share.amount
        return rest

    @property
    def work(self) -> str:
        """What is to be done about it; "" when nothing is."""
        if self.is_pending:
            return "requested"
        if self.refunding:
            return "refund"
        if self.retry_on is not None:
            return "retry"
        return "undisbursed" if self.rest > 0 else ""


def evolve(state: PaymentState | None, event: PaymentEvent) -> PaymentState:
    """The payment after the event."""
    match event:
        case PaymentRequested() | PaymentRecorded():
            if state is not None:
                raise ImpossibleEvent("a payment began twice")
            return _begun(event)
        case _ if state is None:
            raise ImpossibleEvent(f"{type(event).__name__} on a payment that never began")
        case PaymentPrepared():
            return replace(state, status="prepared", reference=event.reference)
        case PaymentUnknown():
            return replace(state, status="unknown")
        case PaymentSucceeded():
            return replace(state, status="succeeded", reference=event.reference, retry_on=None)
        case PaymentDeclined():
            return replace(
                state,
                status="declined",
                first_declined=state.first_declined or event.on,
                retry_on=event.retry_on,
            )
        case RetryClosed():
            return replace(state, retry_on=None)
        case PaymentDisbursed() | PaymentDetached():
            return _shared(state, event)
        case PaymentRemoved():
            return replace(state, status="removed")
        case _:
            return _given_back(state, event)


def _begun(event: PaymentRequested | PaymentRecorded) -> PaymentState:
    if isinstance(event, PaymentRecorded):
        return PaymentState(
            account=event.account,
            currency=event.currency,
            amount=event.amount,
            kind=event.kind,
            on=event.on,
            status="succeeded",
            reference=event.reference,
        )
    return PaymentState(
        account=event.account,
        currency=event.currency,
        amount=event.amount,
        kind=event.kind,
        on=event.on,
        status="requested",
        method=event.method,
        collection=event.collection,
        execution=event.execution,
        attempt=event.attempt,
        retry_of=event.retry_of,
        first_declined=event.first_declined,
    )


def _shared(state: PaymentState, event: PaymentDisbursed | PaymentDetached) -> PaymentState:
    """One share an invoice; in the order in which they were first paid."""
    sign = 1 if isinstance(event, PaymentDisbursed) else -1
    amounts = {share.invoice: share.amount for share in state.shares}
    amounts[event.invoice] = amounts.get(event.invoice, 0) + sign * event.amount
    if amounts[event.invoice] < 0:
        raise ImpossibleEvent("more of a payment was taken off an invoice than it paid")
    shares = tuple(
        InvoiceShare(invoice=invoice, amount=amount)
        for invoice, amount in amounts.items()
        if amount
    )
    return replace(state, shares=shares)


def _given_back(
    state: PaymentState,
    event: RefundRequested
    | PaymentRefunded
    | RefundFailed
    | RefundReturned
    | PaymentChargedBack
    | ChargeBackWon,
) -> PaymentState:
    match event:
        case RefundRequested():
            asked = Refunding(refund=event.refund, amount=event.amount)
            return replace(state, refunding=(*state.refunding, asked))
        case PaymentRefunded():
            left = tuple(one for one in state.refunding if one.refund != event.refund)
            return replace(state, refunding=left, refunded=state.refunded + event.amount)
        case RefundFailed():
            left = tuple(one for one in state.refunding if one.refund != event.refund)
            return replace(state, refunding=left)
        case RefundReturned():
            return replace(state, refunded=state.refunded - event.amount)
        case PaymentChargedBack():
            dispute = Dispute(dispute=event.dispute, amount=event.amount)
            return replace(state, disputes=(*state.disputes, dispute))
        case ChargeBackWon():
            return replace(
                state,
                disputes=tuple(
                    replace(one, amount=0) if one.dispute == event.dispute else one
                    for one in state.disputes
                ),
            )
