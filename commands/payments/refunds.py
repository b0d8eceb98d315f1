"""Refunds that the gateway had called given: the customer's bank may send one back (R23)."""

from collections.abc import Iterator, Sequence

from aggregates.identity import StreamId
from aggregates.payment import rules
from aggregates.payment.state import PaymentState
from aggregates.refusal import Refusal
from commands.gateway import Gateway, RefundOrder, Unanswered, Unreachable
from commands.payments.money import KIND
from commands.payments.outcomes import News, write_news
from commands.store import Store


def news_of_refunds(
    store: Store, gateway: Gateway, payment: StreamId, reference: str
) -> Iterator[News]:
    """What the gateway says now about the refunds of a payment, those given long ago too."""
    history = (recorded.event for recorded in store.stream(payment))
    for refund, amount in rules.refunds_in(history).items():
        answer = gateway.refund_of(RefundOrder(refund, reference, amount))
        if answer is not None:
            yield News(payment, answer, refund)


def check_refunds(store: Store, gateway: Gateway, payments: Sequence[StreamId]) -> list[StreamId]:
    """Asks what became of the refunds of payments that came through the gateway; the payments of
    which it told something new. A webhook that was lost is made up for so.
    """
    with store.snapshot() as reading:
        found = reading.get_many(KIND, payments)
    changed: list[StreamId] = []
    for payment in payments:
        state: PaymentState | None = found[payment].state if payment in found else None
        if state is None or state.is_recorded:
            continue
        try:
            news = list(news_of_refunds(store, gateway, payment, state.reference))
        except (Unreachable, Unanswered) as away:
            raise Refusal("gateway_unreachable", f"{away}: check again later") from None
        if write_news(store, news):
            changed.append(payment)
    return changed
