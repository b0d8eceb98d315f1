"""The scheduled dates of an account-package and the periods between them (R8, R10, R11, R13).

The first billable day is the effective date or `billed_to`. From there a period is the span up to
the next scheduled date; it is whole when it begins on a scheduled date of the same bill day, else
it is a stub of the interval that ends there. Arrears bills a period on its end, advance on its
beginning, the first stub beside the first period.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from aggregates.account_package.offer import Offer
from aggregates.account_package.state import AccountPackageState, Segment
from aggregates.days import (
    Frequency,
    bill_day_on_or_after,
    day_after,
    day_before,
    index_on_or_before,
    nth_date,
)
from aggregates.refusal import Refusal

Calendar = tuple[Segment, ...]


class Period(NamedTuple):
    """A service period. `full_days` are those of the whole interval that ends where it ends."""

    start: date
    end: date
    full_days: int
    whole: bool


def first_calendar(frequency: Frequency, effective: date, bill_day: int) -> Calendar:
    """The calendar of a package that starts: the anchor is the first bill day on or after the
    effective date, or that date itself without a bill day (R10).
    """
    if frequency.unit != "months":
        return (Segment(anchor=effective),)
    return (Segment(anchor=bill_day_on_or_after(effective, bill_day), bill_day=bill_day),)


@lru_cache(maxsize=1 << 15)
def period_from(frequency: Frequency, calendar: Calendar, start: date) -> Period:
    """The period from a day up to the first scheduled date after it."""
    if frequency.unit == "once":
        return Period(start, day_after(start), 1, True)
    segment = _segment_at(calendar, start)
    anchor, bill_day = segment.anchor, segment.bill_day
    n = max(index_on_or_before(frequency, anchor, bill_day, start) + 1, 0)
    end = nth_date(frequency, anchor, bill_day, n)
    full_start = nth_date(frequency, anchor, bill_day, n - 1)
    return Period(start, end, (end - full_start).days, start == full_start)


def first_day(state: AccountPackageState) -> date:
    """The first day that can be charged here."""
    billed_to = state.billed_to
    return state.effective if billed_to is None else max(state.effective, billed_to)


def next_scheduled(state: AccountPackageState, offer: Offer) -> date | None:
    """The first scheduled date not billed yet. Only `once` comes to an end."""
    if offer.frequency.unit == "once":
        return state.effective if state.done is None else None
    if state.done is not None:
        return period_from(offer.frequency, state.calendar, state.done).end
    start = first_day(state)
    if offer.advance:
        start = day_before(start)
    return period_from(offer.frequency, state.calendar, start).end


def frontier(state: AccountPackageState, offer: Offer) -> date:
    """The day up to which periods have been billed."""
    if state.done is None:
        return first_day(state)
    if not offer.advance:
        return state.done
    return period_from(offer.frequency, state.calendar, state.done).end


def periods_due(state: AccountPackageState, offer: Offer, bill_date: date) -> Iterator[Period]:
    """The periods a bill date charges. The final bill date of a cancelled package may lie within a
    period: in arrears it charges that one.
    """
    begin = frontier(state, offer)
    period = period_from(offer.frequency, state.calendar, begin)
    if not offer.advance:
        yield period
        return
    while period.start <= bill_date:
        yield period
        period = period_from(offer.frequency, state.calendar, period.end)


def billed_periods(state: AccountPackageState, offer: Offer, since: date) -> Iterator[Period]:
    """The periods billed so far that hold a day on or after `since`, oldest first."""
    up_to = frontier(state, offer)
    begin = _boundary(offer.frequency, state.calendar, max(since, first_day(state)))
    begin = max(begin, first_day(state))
    while begin < up_to:
        period = period_from(offer.frequency, state.calendar, begin)
        yield period
        begin = period.end


def final_bill_date(state: AccountPackageState, offer: Offer) -> date | None:
    """The last bill date of a cancelled package (R13): the first bill day on or after the later
    of the cancel date and the earlier of T and N. None: not cancelled, or never reached.
    """
    cancel, notice = state.terms.cancel, state.notice
    if cancel is None or notice is None or offer.frequency.unit == "once":
        return None
    day = max(cancel, min(notice.recorded_on, notice.next_bill_date))
    before = day_before(day)
    segment = _segment_at(state.calendar, before)
    try:
        if segment.bill_day is not None:
            return bill_day_on_or_after(day, segment.bill_day)
        return period_from(offer.frequency, state.calendar, before).end
    except Refusal:
        return None


def next_bill_date(state: AccountPackageState, offer: Offer) -> date | None:
    """The scheduled date to come, or the final bill date if that is earlier."""
    scheduled = next_scheduled(state, offer)
    final = final_bill_date(state, offer)
    return scheduled if scheduled is None or final is None else min(scheduled, final)


def changed_calendar(
    state: AccountPackageState, offer: Offer, bill_day: int, holds_from: date
) -> Calendar:
    """The calendar after a change of the bill day (R10). The period begun finishes unchanged up to
    its date k; from k to the first new bill day after it is one stub, then full periods.
    """
    if state.done is None and state.effective >= holds_from:
        return first_calendar(offer.frequency, state.effective, bill_day)
    scheduled = next_scheduled(state, offer)
    if scheduled is None:
        return state.calendar
    last_before = max(holds_from, day_before(scheduled))
    k = period_from(offer.frequency, state.calendar, last_before).end
    kept = tuple(s for s in state.calendar if s.start is None or s.start < k)
    if kept[-1].bill_day == bill_day:
        return kept
    anchor = bill_day_on_or_after(day_after(k), bill_day)
    return (*kept, Segment(anchor=anchor, bill_day=bill_day, start=k))


def _segment_at(calendar: Calendar, day: date) -> Segment:
    """The segment that says which scheduled date follows a day."""
    found = calendar[0]
    for segment in calendar[1:]:
        if segment.start is not None and segment.start <= day:
            found = segment
    return found


def _boundary(frequency: Frequency, calendar: Calendar, day: date) -> date:
    """The last date on or before a day on which a period can begin."""
    segment = _segment_at(calendar, day)
    n = index_on_or_before(frequency, segment.anchor, segment.bill_day, day)
    if n < 0:
        return segment.start or date.min
    return nth_date(frequency, segment.anchor, segment.bill_day, n)
