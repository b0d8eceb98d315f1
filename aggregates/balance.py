"""What an account owes (R25): the one place where it is added up.

Balance = open documents + waiting manual debits − waiting credits − money that pays no invoice
yet. What a payment pays of an invoice is off that invoice's open balance already. Charges of a run
count when they are invoiced.
"""

from collections.abc import Iterable
from datetime import date

from aggregates.receivables import ReceivablesState


def balance(*, documents: Iterable[int], waiting: int, undisbursed: Iterable[int]) -> int:
    """`documents` are open balances, those of credit notes and reversals below 0; `waiting` is the
    sum of `waiting_manually`; `undisbursed` what each payment has left.
    """
    return sum(documents) + waiting - sum(undisbursed)


def waiting_manually(
    receivables: ReceivablesState, currency: str, after: date | None = None
) -> int:
    """What changes the balance at once and waits for an invoice: manual debits and credits, those
    dated after a day if one is given. One in another currency counts when it is invoiced, for only
    then there is a rate (R16).
    """
    if receivables.currency != currency:
        return 0
    return sum(
        one.charge.amount
        for one in receivables.waiting
        if one.transaction and not one.execution and (after is None or one.bill_date > after)
    )
