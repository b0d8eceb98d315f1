"""What may be done with a payment (R23): each either gives events or says why not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from aggregates.payment.events import (
    ChargeBackWon,
    PaymentChargedBack,
    PaymentDeclined,
    PaymentDetached,
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
from aggregates.payment.retries import next_attempt
from aggregates.payment.state import PaymentState
from aggregates.payment_methods import Method
from aggregates.refusal import Refusal

RECORDED_KINDS = ("cash", "cheque", "transfer")


def request(
    *,
    account: str,
    currency: str,
    amount: int,
    method: Method,
    collection: str,
    on: date,
    execution: str | None = None,
    after: PaymentState | None = None,
    after_id: str | None = None,
) -> PaymentRequested:
    """The gateway is to be asked for an amount. `after` is the declined payment that this one
    tries again.
    """
    return PaymentRequested(
        account=account,
        currency=currency,
        amount=amount,
        method=method.ref,
        kind=method.kind,
        collection=collection,
        on=on,
        execution=execution,
        attempt=1 if after is None else after.attempt + 1,
        retry_of=after_id,
        first_declined=None if after is None else after.first_declined,
    )


def record(
    *,
    account: str,
    account_currency: str,
    currency: str,
    amount: int,
    kind: str,
    on: date,
    today: date,
    reference: str = "",
) -> list[PaymentEvent]:
    """Money that came some other way."""
    if kind not in RECORDED_KINDS:
        raise Refusal(
            "payment_kind_unknown",
            f"{kind!r} cannot be recorded: use {', '.join(RECORDED_KINDS)}; cards and banks are "
            "charged with `billstream payment collect`",
            field="kind",
        )
    if currency != account_currency:
        raise Refusal(
            "wrong_currency",
            f"account {account} pays in {account_currency}, not in {currency}: record what it "
            f"came to in {account_currency}",
            currency=account_currency,
        )
    check_amount(amount)
    if on > today:
        raise Refusal(
            "payment_in_future",
            f"the payment is dated {on}, today is {today}: record it when the money is there",
            field="on",
        )
    return [
        PaymentRecorded(
            account=account,
            currency=currency,
            amount=amount,
            kind=kind,
            on=on,
            reference=reference,
        )
    ]


def check_amount(amount: int) -> None:
    if amount <= 0:
        raise Refusal("amount_invalid", "the amount must be above 0", field="amount")


# what the gateway says


def prepare(state: PaymentState, reference: str, on: date) -> list[PaymentEvent]:
    """The first reference given stays: another one is never confirmed."""
    return [PaymentPrepared(reference=reference, on=on)] if state.status == "requested" else []


def unanswered(state: PaymentState, reason: str, on: date) -> list[PaymentEvent]:
    """Noted once, however often the gateway is asked in vain."""
    return [PaymentUnknown(reason=reason, on=on)] if state.status == "prepared" else []


def succeed(state: PaymentState, reference: str, on: date) -> list[PaymentEvent]:
    """The money is there. Told again, or after it was known, it changes nothing; told after a
    decline it is believed, for the gateway has the money.
    """
    if state.is_pending or (state.status == "declined" and state.reference in ("", reference)):
        return [PaymentSucceeded(reference=reference, on=on)]
    return []


def decline(
    state: PaymentState, code: str, message: str, on: date, terms: Sequence[int]
) -> list[PaymentEvent]:
    """Declined; the invoices stay open. A decline that comes after the outcome is old news."""
    if not state.is_pending:
        return []
    first = state.first_declined or on
    again = next_attempt(terms, attempt=state.attempt, first_declined=first, today=on)
    return [PaymentDeclined(code=code, message=message, on=on, retry_on=again)]


def close_retry(
    state: PaymentState, reason: str, on: date, payment: str | None = None
) -> list[PaymentEvent]:
    """No attempt follows any more."""
    if state.retry_on is None:
        return []
    return [RetryClosed(reason=reason, on=on, payment=payment)]


# shares


def detach(state: PaymentState, invoice: str, on: date, reason: str) -> list[PaymentEvent]:
    """All that it pays of an invoice is taken off it: the money pays no invoice then."""
    return [
        PaymentDetached(invoice=invoice, amount=share.amount, on=on, reason=reason)
        for share in state.shares
        if share.invoice == invoice
    ]


def _free(state: PaymentState, wanted: int, on: date, reason: str) -> list[PaymentEvent]:
    """Takes shares off invoices, the one the payment came to last before the others, until
    `wanted` pays no invoice.
    """
    missing = wanted - state.rest
    events: list[PaymentEvent] = []
    for share in reversed(state.shares):
        if missing <= 0:
            break
        taken = min(share.amount, missing)
        missing -= taken
        events.append(PaymentDetached(invoice=share.invoice, amount=taken, on=on, reason=reason))
    return events


# money that goes back


def refund(
    state: PaymentState, *, refund: str, amount: int | None, on: date, reason: str = ""
) -> list[PaymentEvent]:
    """Gives back all that is left of it, or an amount. What came through the gateway goes back
    through it: that is asked for here and answered later.
    """
    if state.status != "succeeded":
        raise Refusal(
            "payment_not_succeeded",
            f"the payment is {state.status}: only one that succeeded can be refunded",
            status=state.status,
        )
    wanted = state.kept if amount is None else amount
    check_amount_left(wanted, state)
    events = _free(state, wanted, on, "refund")
    if state.is_recorded:
        return [*events, PaymentRefunded(refund=refund, amount=wanted, on=on)]
    return [*events, RefundRequested(refund=refund, amount=wanted, on=on, reason=reason)]


def check_amount_left(wanted: int, state: PaymentState) -> None:
    if state.kept <= 0:
        raise Refusal("nothing_to_refund", "nothing of the payment is left to be given back")
    check_amount(wanted)
    if wanted > state.kept:
        raise Refusal(
            "refund_too_large",
            "the refund is larger than what is left of the payment: give back less; `billstream "
            "payment show` says how much there is",
            left=state.kept,
        )


def refunded(state: PaymentState, refund: str, reference: str, on: date) -> list[PaymentEvent]:
    return [
        PaymentRefunded(refund=refund, amount=one.amount, on=on, reference=reference)
        for one in state.refunding
        if one.refund == refund
    ]


def refund_failed(
    state: PaymentState, refund: str, code: str, message: str, on: date
) -> list[PaymentEvent]:
    return [
        RefundFailed(refund=refund, amount=one.amount, code=code, message=message, on=on)
        for one in state.refunding
        if one.refund == refund
    ]


def refunds_in(history: Iterable[object]) -> dict[str, int]:
    """The refunds that a payment's events tell of and that stand: under way or given."""
    found: dict[str, int] = {}
    for event in history:
        match event:
            case RefundRequested() | PaymentRefunded():
                found[event.refund] = event.amount
            case RefundFailed() | RefundReturned():
                found.pop(event.refund, None)
            case _:
                pass
    return found


def refund_fell_through(
    state: PaymentState,
    standing: Mapping[str, int],
    refund: str,
    code: str,
    message: str,
    on: date,
) -> list[PaymentEvent]:
    """The money could not be given back, or came back after it had been. `standing` are the
    payment's refunds as history tells them; of one that does not stand it is old news.
    """
    events = refund_failed(state, refund, code, message, on)
    if events or refund not in standing:
        return events
    amount = standing[refund]
    return [RefundReturned(refund=refund, amount=amount, code=code, message=message, on=on)]


def charge_back(
    state: PaymentState, dispute: str, amount: int, on: date, reason: str = ""
) -> list[PaymentEvent]:
    """The customer's bank takes money back, at most what is left. Told again it changes nothing."""
    if state.status != "succeeded" or any(one.dispute == dispute for one in state.disputes):
        return []
    taken = min(amount, state.kept)
    if taken <= 0:
        return []
    events = _free(state, taken, on, "charge_back")
    return [*events, PaymentChargedBack(dispute=dispute, amount=taken, on=on, reason=reason)]


def win_charge_back(state: PaymentState, dispute: str, on: date) -> list[PaymentEvent]:
    return [
        ChargeBackWon(dispute=dispute, amount=one.amount, on=on)
        for one in state.disputes
        if one.dispute == dispute and one.amount
    ]


def remove(state: PaymentState, on: date, reason: str = "") -> list[PaymentEvent]:
    """Takes a payment away that was recorded by mistake; its invoices are open again."""
    if not state.is_recorded:
        raise Refusal(
            "payment_not_recorded",
            "the payment came through the gateway: refund it instead",
            kind=state.kind,
        )
    if state.status == "removed":
        raise Refusal("payment_removed", "the payment has been removed already")
    if state.refunded:
        raise Refusal("payment_refunded", "money of the payment was given back: it stays on record")
    detached = [
        PaymentDetached(invoice=share.invoice, amount=share.amount, on=on, reason="payment_removed")
        for share in state.shares
    ]
    return [*detached, PaymentRemoved(on=on, reason=reason)]
