"""Bill days and frequencies: date n from an anchor, never from the date before (R8, R10).

Bill day 31 gives 31 Jan, 28 or 29 Feb, 31 Mar: every date is clamped anew, so none drifts.
"""

import re
from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from aggregates.refusal import Refusal

ONE_DAY = timedelta(days=1)


class Frequency(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """How far two bill dates lie apart. Weeks are 7 days and years 12 months, so that `weekly` and
    `every 7 days` are the same value. `once` has no second date.
    """

    unit: Literal["days", "months", "once"]
    count: int

    @property
    def text(self) -> str:
        """The canonical way to write it: `monthly`, `every 2 weeks`."""
        return _SHORT.get(self) or self._long()

    def _long(self) -> str:
        whole, larger = (7, "weeks") if self.unit == "days" else (12, "years")
        if self.count % whole:
            return f"every {self.count} {self.unit}"
        return f"every {self.count // whole} {larger}"


_NAMED = {
    "daily": Frequency("days", 1),
    "weekly": Frequency("days", 7),
    "monthly": Frequency("months", 1),
    "quarterly": Frequency("months", 3),
    "semiannual": Frequency("months", 6),
    "annual": Frequency("months", 12),
    "once": Frequency("once", 1),
}
_SHORT = {frequency: name for name, frequency in _NAMED.items()}
_EVERY = re.compile(r"every ([1-9][0-9]{0,3}) (day|week|month|year)s?")


@lru_cache(maxsize=1024)
def parse_frequency(text: str) -> Frequency:
    """A named frequency or `every N days|weeks|months|years`."""
    named = _NAMED.get(text)
    if named is not None:
        return named
    found = _EVERY.fullmatch(text)
    if found is None:
        raise Refusal(
            "frequency_invalid",
            f"{text!r} is not a frequency: use {', '.join(_NAMED)}"
            " or every N days, weeks, months or years",
            frequency=text,
        )
    count = int(found[1])
    match found[2]:
        case "day":
            return Frequency("days", count)
        case "week":
            return Frequency("days", 7 * count)
        case "month":
            return Frequency("months", count)
        case _:
            return Frequency("months", 12 * count)


def bill_day_in(year: int, month: int, bill_day: int) -> date:
    """The bill day of a month: its last day if the month is shorter."""
    if bill_day > 28:
        bill_day = min(bill_day, monthrange(year, month)[1])
    return date(year, month, bill_day)


def bill_day_on_or_after(day: date, bill_day: int) -> date:
    """The first bill day on or after a date."""
    found = bill_day_in(day.year, day.month, bill_day)
    if found >= day:
        return found
    if day.month < 12:
        return bill_day_in(day.year, day.month + 1, bill_day)
    if day.year == MAXYEAR:
        raise _out_of_range()
    return bill_day_in(day.year + 1, 1, bill_day)


def nth_date(frequency: Frequency, anchor: date, bill_day: int | None, n: int) -> date:
    """Date n: n intervals after the anchor (before it if n is negative). `bill_day` is the day of
    the month to come back to; None for days and weeks.
    """
    if frequency.unit == "months" and bill_day is not None:
        months = anchor.year * 12 + anchor.month - 1 + n * frequency.count
        year, month = divmod(months, 12)
        if not MINYEAR <= year <= MAXYEAR:
            raise _out_of_range()
        return bill_day_in(year, month + 1, bill_day)
    try:
        return anchor + timedelta(days=n * frequency.count)
    except OverflowError:
        raise _out_of_range() from None


def index_on_or_before(frequency: Frequency, anchor: date, bill_day: int | None, day: date) -> int:
    """The n of the last date n on or before a day; negative before the anchor."""
    if frequency.unit == "months" and bill_day is not None:
        months = (day.year - anchor.year) * 12 + day.month - anchor.month
        n, beyond = divmod(months, frequency.count)
        if beyond == 0 and bill_day_in(day.year, day.month, bill_day) > day:
            n -= 1
        return n
    return (day - anchor).days // frequency.count


def day_before(day: date) -> date:
    """The day before; the first day of the calendar has itself."""
    return day if day == date.min else day - ONE_DAY


def day_after(day: date) -> date:
    """The day after. Nothing lies after the year 9999."""
    if day == date.max:
        raise _out_of_range()
    return day + ONE_DAY


def _out_of_range() -> Refusal:
    return Refusal(
        "date_out_of_range",
        "a bill date would lie outside the years 1 to 9999: choose another date or frequency",
    )
