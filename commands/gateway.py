"""The port to the payment gateway: who holds the cards and moves the money.

A payment is charged in two steps, so that nothing in between can charge it twice. It is prepared,
which charges nothing and gives a reference; the reference is recorded; then that reference, and no
other, is confirmed. A reference can be charged once only, however often it is confirmed.
"""

from typing import NamedTuple, Protocol


class Charge(NamedTuple):
    """What is to be charged. `payment` is the payment's id: a repeat is known by it."""

    payment: str
    amount: int
    currency: str
    kind: str
    token: str


class RefundOrder(NamedTuple):
    """What is to be given back of the payment behind `reference`; `refund` is the refund's id."""

    refund: str
    reference: str
    amount: int


class Answer(NamedTuple):
    """What the gateway says. `status`: ready (nothing was charged yet), succeeded, declined (with
    code and message) or pending (it does not know yet either).
    """

    status: str
    reference: str = ""
    code: str = ""
    message: str = ""


class Unreachable(Exception):
    """The gateway could not be asked: nothing was done."""


class Unanswered(Exception):
    """The gateway was asked and did not answer: it may have done it or not."""


class Gateway(Protocol):
    """Each may raise Unreachable or Unanswered, and the refusal `gateway_refused` when it does not
    take our key.
    """

    def prepare(self, charge: Charge) -> Answer:
        """Holds a payment ready and charges nothing: ready with its reference, or declined."""
        ...

    def confirm(self, reference: str, payment: str) -> Answer:
        """Charges what was prepared, unless it has been charged."""
        ...

    def look(self, reference: str) -> Answer:
        """What became of a payment."""
        ...

    def payment_of(self, reference: str) -> str | None:
        """The id of the payment behind a reference; None when it is none of ours."""
        ...

    def refund(self, order: RefundOrder) -> Answer:
        """Gives money back; what was given back for the same refund before is found, not done
        again.
        """
        ...

    def refund_of(self, order: RefundOrder) -> Answer | None:
        """What became of a refund, and nothing is given back; None when it is not known there."""
        ...

    def close(self) -> None: ...
