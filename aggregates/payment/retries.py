"""Retry terms: on which days after the first decline a payment is tried again (R23).

They belong to the account's AR term, which checks them.
"""

from collections.abc import Sequence
from datetime import date, timedelta


def next_attempt(
    terms: Sequence[int], *, attempt: int, first_declined: date, today: date
) -> date | None:
    """The day of the attempt after number `attempt`, which was declined today. One whose day has
    passed is made up for on the next day; None when the terms are used up.
    """
    if attempt > len(terms):
        return None
    planned = first_declined + timedelta(days=terms[attempt - 1])
    return max(planned, today + timedelta(days=1))
