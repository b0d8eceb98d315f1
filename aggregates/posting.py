"""Double entry: what a transaction posts to which account of the books (R26).

A posting is an account and a signed amount in minor units, debits positive. The postings of an
entry are of one currency and sum to zero, by construction: what one side gets the other gives.
"""

from typing import NamedTuple

from aggregates.gl_code import GlCodeState


class Posting(NamedTuple):
    account: str
    amount: int


def invoiced(code: GlCodeState, amount: int, deferred: int) -> list[Posting]:
    """A line that goes on an invoice, in the invoice's currency: a debt of the customer against
    revenue, of which `deferred` is still to be earned. Negative lines are the mirror image.
    """
    if code.deferred is None:
        return moved(code, amount)
    return _without_zero(
        Posting(code.debit, amount),
        Posting(code.credit, deferred - amount),
        Posting(code.deferred, -deferred),
    )


def earned(code: GlCodeState, amount: int) -> list[Posting]:
    """Revenue billed in advance whose day has come."""
    if code.deferred is None:
        return []
    return _without_zero(Posting(code.deferred, amount), Posting(code.credit, -amount))


def added(unbilled: GlCodeState, code: GlCodeState, amount: int) -> list[Posting]:
    """A manual transaction, at once: to unbilled receivables, until it stands on an invoice."""
    return _without_zero(Posting(unbilled.debit, amount), Posting(code.credit, -amount))


def billed(unbilled: GlCodeState, code: GlCodeState, amount: int) -> list[Posting]:
    """A manual transaction that was posted before goes on an invoice in its own currency."""
    return _without_zero(Posting(code.debit, amount), Posting(unbilled.debit, -amount))


def converted(
    unbilled: GlCodeState, code: GlCodeState, conversion: GlCodeState, amount: int, original: int
) -> tuple[list[Posting], list[Posting]]:
    """The same in another currency: one entry in the invoice's, one in the transaction's own, and
    between them the account for amounts that change their currency.
    """
    return (
        _without_zero(Posting(code.debit, amount), Posting(conversion.credit, -amount)),
        _without_zero(Posting(conversion.debit, original), Posting(unbilled.debit, -original)),
    )


def moved(code: GlCodeState, amount: int) -> list[Posting]:
    """Money that came in or went out: a payment, a refund, a charge-back."""
    return _without_zero(Posting(code.debit, amount), Posting(code.credit, -amount))


def _without_zero(*postings: Posting) -> list[Posting]:
    return [posting for posting in postings if posting.amount]
