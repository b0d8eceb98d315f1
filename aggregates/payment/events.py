"""What can happen to a payment (R23). Amounts are in the account's currency, never negative."""

from datetime import date

from aggregates.event import Event


class PaymentRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The gateway is to be asked: the intent, decided before anybody outside hears of it.

    `collection` says why: balance_due, account_balance, dunning, retry or asked (by an operator).
    A retry names the payment before it and when the first of them was declined.
    """

    account: str
    currency: str
    amount: int
    method: str
    kind: str
    collection: str
    on: date
    execution: str | None = None
    attempt: int = 1
    retry_of: str | None = None
    first_declined: date | None = None


class PaymentRecorded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money that came some other way: cash, cheque or transfer. `on` is the day it came."""

    account: str
    currency: str
    amount: int
    kind: str
    on: date
    reference: str = ""


class PaymentPrepared(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The gateway holds the payment ready under `reference` and has charged nothing. Only this
    reference is ever confirmed, and it can be charged once: so the payment cannot happen twice.
    """

    reference: str
    on: date


class PaymentUnknown(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The gateway was told to charge and its answer did not come: it will be asked what became of
    it, never told again blindly.
    """

    reason: str
    on: date


class PaymentSucceeded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    reference: str
    on: date


class PaymentDeclined(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`retry_on` is the day of the next attempt by the retry terms; None when there is none."""

    code: str
    message: str
    on: date
    retry_on: date | None = None


class RetryClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """No attempt follows this decline any more. `reason`: retried (`payment` is the attempt), paid
    (`payment` is the one that succeeded, which resets the terms) or settled (nothing is owed).
    """

    reason: str
    on: date
    payment: str | None = None


class PaymentDisbursed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A share of it pays an invoice."""

    invoice: str
    amount: int
    on: date


class PaymentDetached(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A share is taken off an invoice: void, refund, charge_back or payment_removed."""

    invoice: str
    amount: int
    on: date
    reason: str


class RefundRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The gateway is to give money back. `refund` is the id of the refund."""

    refund: str
    amount: int
    on: date
    reason: str = ""


class PaymentRefunded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money was given back."""

    refund: str
    amount: int
    on: date
    reference: str = ""


class RefundFailed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The gateway could not give it back; the money is the account's again."""

    refund: str
    amount: int
    code: str
    message: str
    on: date


class RefundReturned(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money that was given back came back: the customer's bank did not take it, after the gateway
    had said that it was given. It is with us again, and the account's.
    """

    refund: str
    amount: int
    code: str
    message: str
    on: date


class PaymentChargedBack(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The customer's bank took the money back. `dispute` is the gateway's name for the case."""

    dispute: str
    amount: int
    on: date
    reason: str = ""


class ChargeBackWon(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The case was won: the money came back."""

    dispute: str
    amount: int
    on: date


class PaymentRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A recorded payment was recorded by mistake."""

    on: date
    reason: str = ""


PaymentEvent = (
    PaymentRequested
    | PaymentRecorded
    | PaymentPrepared
    | PaymentUnknown
    | PaymentSucceeded
    | PaymentDeclined
    | RetryClosed
    | PaymentDisbursed
    | PaymentDetached
    | RefundRequested
    | PaymentRefunded
    | RefundFailed
    | RefundReturned
    | PaymentChargedBack
    | ChargeBackWon
    | PaymentRemoved
)
