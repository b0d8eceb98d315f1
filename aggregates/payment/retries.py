"""Retry terms: on which days after the first decline a payment is tried again (R23)."""

from collections.abc import Sequence
from datetime import date, timedelta

from aggregates.refusal import Refusal

LONGEST = 366
"""Days after the first decline at most."""


def check_terms(terms: Sequence[int]) -> tuple[int, ...]:
    """Days after the first decline, each later than the one before."""
    for index, days in enumerate(terms):
        if not 1 <= days <= LONGEST or (index and days <= terms[index - 1]):
            raise Refusal(
                "payment_retries_invalid",
                f"payment retries {list(terms)}: give days after the first decline, from 1 to "
                f"{LONGEST}, each later than the one before, like [3, 5, 7]",
                field="payment_retries",
            )
    return tuple(terms)


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
