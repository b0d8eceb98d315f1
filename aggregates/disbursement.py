"""Which money pays which invoice: the oldest money pays the oldest invoice first (R23)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple


class Source(NamedTuple):
    """Money that pays no invoice yet: the rest of a payment, or a document with a negative
    balance. `amount` is above 0; `order` decides between those of one day.
    """

    id: str
    amount: int
    on: date
    order: int = 0


class Owed(NamedTuple):
    """An open invoice. `order` is its number in its series."""

    id: str
    amount: int
    dated: date
    order: int = 0


class Share(NamedTuple):
    """So much of a source pays an invoice."""

    source: str
    invoice: str
    amount: int


def disburse(sources: Iterable[Source], invoices: Iterable[Owed]) -> list[Share]:
    """Spends the sources on the invoices, both oldest first, until one of them is used up. No
    source is overspent, no invoice is overpaid; what is left over stays where it is.
    """
    owed = sorted((one for one in invoices if one.amount > 0), key=_age)
    shares: list[Share] = []
    open_invoices = iter(owed)
    invoice = next(open_invoices, None)
    missing = invoice.amount if invoice is not None else 0
    for source in sorted((one for one in sources if one.amount > 0), key=_age_of_source):
        left = source.amount
        while left and invoice is not None:
            paid = min(left, missing)
            shares.append(Share(source.id, invoice.id, paid))
            left -= paid
            missing -= paid
            if not missing:
                invoice = next(open_invoices, None)
                missing = invoice.amount if invoice is not None else 0
    return shares


def uncovered(documents: Sequence[Owed], money: int, waiting: int) -> list[int]:
    """What is left open of each document when the account's own money is set off against it,
    although nobody has spent it yet. `money` that pays no invoice and documents below 0 pay the
    oldest, as `disburse` has it. Credits that wait (`waiting` below 0) will come off the next
    invoice, and so come off the newest: what is left is never more than the whole balance (R25).
    """
    left = {one.id: one.amount for one in documents if one.amount > 0}
    money -= sum(one.amount for one in documents if one.amount < 0)
    for share in disburse([Source("", money, date.min)], documents):
        left[share.invoice] -= share.amount
    for one in sorted(documents, key=_age, reverse=True):
        taken = min(max(-waiting, 0), left.get(one.id, 0))
        waiting += taken
        left[one.id] = left.get(one.id, 0) - taken
    return [left[one.id] for one in documents]


def _age(owed: Owed) -> tuple[date, int, str]:
    return owed.dated, owed.order, owed.id


def _age_of_source(source: Source) -> tuple[date, int, str]:
    return source.on, source.order, source.id
