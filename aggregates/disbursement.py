"""Which money pays which invoice: the oldest money pays the oldest invoice first (R23)."""

from collections.abc import Iterable
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


def _age(owed: Owed) -> tuple[date, int, str]:
    return owed.dated, owed.order, owed.id


def _age_of_source(source: Source) -> tuple[date, int, str]:
    return source.on, source.order, source.id
