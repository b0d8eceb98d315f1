"""Revenue billed in advance is earned by day (R26).

Recognised up to a day = round(amount × days elapsed ÷ days of the service period); each entry is
the difference from what was recognised before. So the entries of a line always sum to its amount.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from aggregates.money import round_div

_ONE_DAY = timedelta(days=1)


def recognised(amount: int, start: date, end: date, day: date, mode: str) -> int:
    """How much of a line is earned when `day` has passed. The service period is half-open; one
    without a day is earned at once.
    """
    days = (end - start).days
    elapsed = (day - start).days + 1
    if elapsed >= days:
        return amount
    return 0 if elapsed <= 0 else round_div(amount * elapsed, days, mode)


def deferred(amount: int, start: date, end: date, posting_date: date, mode: str) -> int:
    """What of a line is still to be earned after the day it was posted on."""
    return amount - recognised(amount, start, end, posting_date, mode)


def earned(
    amount: int, start: date, end: date, first: date, last: date, mode: str
) -> Iterator[tuple[date, int]]:
    """What is earned on each day from `first` to `last`, both inclusive; days that earn nothing
    are left out.
    """
    day = max(first, start)
    before = recognised(amount, start, end, day - _ONE_DAY, mode)
    last = min(last, max(end - _ONE_DAY, start))
    while day <= last:
        after = recognised(amount, start, end, day, mode)
        if after != before:
            yield day, after - before
        before = after
        day += _ONE_DAY
