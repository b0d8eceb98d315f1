"""Recurrence rules (RFC 5545 RRULE) in the owner's local time (R5).

**What the rule counts from.** The day of the command, at midnight local time: parts of the time
of day that a rule leaves out are zero, so `FREQ=MONTHLY;BYMONTHDAY=1` fires when the first of the
month begins and `FREQ=DAILY;BYHOUR=6` at six sharp, however late in the day it was typed. The day
of the week, month or year comes from the command's date when the rule names none, and INTERVAL
counts from it. Only occurrences after the command count, for COUNT too.

As RFC 5545 says, a day that a month does not have is no occurrence: `BYMONTHDAY=31` fires in seven
months, `BYMONTHDAY=-1` on the last day of every one. UNTIL is inclusive; a date alone means the
whole day. Occurrences must lie at least an hour apart.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import islice, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, HOURLY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from aggregates.refusal import Refusal
from aggregates.schedule import Occurrence
from commands.local_time import local_of, occurrence
from commands.recurrence_rule import Rule, parse

_FREQUENCY: dict[str, Literal[0, 1, 2, 3, 4]] = {
    "YEARLY": YEARLY,
    "MONTHLY": MONTHLY,
    "WEEKLY": WEEKLY,
    "DAILY": DAILY,
    "HOURLY": HOURLY,
}
_STEP = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}
_LONGEST = timedelta(days=50 * 366)
"""How far a search goes before a rule counts as never firing: 29 February on a given weekday comes
back after at most 40 years.
"""
_LONGEST_BY_HOUR = timedelta(days=9 * 366)
_DAY_PARTS = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
_NEVER = datetime(9000, 1, 1)  # noqa: DTZ001 - local time


class Recurrence:
    """A rule counted from a command, in a zone."""

    def __init__(self, rule: str, begins: datetime, where: ZoneInfo) -> None:
        self._rule = parse(rule, where)
        self._begins = begins
        self._where = where

    def after(self, instant: datetime) -> Occurrence | None:
        """The first occurrence after an instant; None when there is no more."""
        return next(self._from(local_of(instant, self._where), instant), None)

    def latest(self, first: Occurrence, now: datetime) -> Occurrence:
        """The last occurrence up to now, `first` being one of them."""
        later = self._from(first.local, first.instant)
        due = deque(takewhile(lambda found: found.instant <= now, later), maxlen=1)
        return due[0] if due else first

    def between(self, after: datetime, up_to: datetime, most: int = 100) -> list[Occurrence]:
        """The occurrences after an instant and up to another, at most so many."""
        found: list[Occurrence] = []
        for moment in self._from(local_of(after, self._where), after):
            if moment.instant > up_to or len(found) == most:
                break
            found.append(moment)
        return found

    def _from(self, local: datetime, instant: datetime) -> Iterator[Occurrence]:
        """Occurrences after both; a time in a repeated hour may be later on the clock only."""
        times = _local_times(self._rule, self._begins, local)
        found = (occurrence(moment, self._where) for moment in times)
        return (moment for moment in found if moment.instant > instant)


def first_after(rule: str, begins: datetime, now: datetime, where: ZoneInfo) -> Occurrence:
    """The first occurrence of a new schedule, after its command. Refused with
    `recurrence_never_fires` when there is none.
    """
    recurrence = Recurrence(rule, begins, where)
    first = recurrence.after(now) if _has_days(parse(rule, where), begins) else None
    if first is None:
        raise Refusal(
            "recurrence_never_fires",
            f"the recurrence rule never fires after {begins.isoformat()}: look at the days it "
            "names, at COUNT and UNTIL",
            rule=rule,
            begins=begins.isoformat(),
        )
    return first


def _has_days(rule: Rule, begins: datetime) -> bool:
    """False when the calendar has no day of that kind (30 February): quickly found year by year,
    slowly day by day.
    """
    names_days = rule.days or rule.by.keys() & {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}
    any_time = replace(
        rule,
        frequency="YEARLY",
        interval=1,
        by={name: values for name, values in rule.by.items() if name in _DAY_PARTS},
        days=rule.days if names_days else tuple((day, None) for day in range(7)),
    )
    origin = datetime.combine(begins.date(), time())
    return next(_series(any_time, origin, origin + _LONGEST), None) is not None


def _local_times(rule: Rule, begins: datetime, after: datetime) -> Iterator[datetime]:
    """Local times later than `after` at which the rule, counted from `begins`, falls due."""
    origin = datetime.combine(begins.date(), time())
    if rule.count is None:
        return _unlimited(rule, origin, max(begins, after))
    counted = islice(_unlimited(rule, origin, begins), rule.count)
    return (moment for moment in counted if moment > after)


def _unlimited(rule: Rule, origin: datetime, after: datetime) -> Iterator[datetime]:
    """Without COUNT. It ends where nothing was found for the longest time allowed, so no
    search runs on for ever.
    """
    while True:
        last = after
        for moment in _series(rule, _nearer(rule, origin, after), _limit(rule, after)):
            if moment > after:
                last = moment
                yield moment
        if last == after:
            return
        after = last


def _limit(rule: Rule, after: datetime) -> datetime:
    horizon = _LONGEST_BY_HOUR if rule.frequency == "HOURLY" else _LONGEST
    limit = after + min(horizon, _NEVER - after) if after < _NEVER else after
    return min(limit, rule.until) if rule.until else limit


def _nearer(rule: Rule, origin: datetime, after: datetime) -> datetime:
    """A later day to count from that gives the same times after `after`."""
    step = _STEP.get(rule.frequency)
    if step is None:
        return origin
    step *= rule.interval
    return origin + step * max(0, (after - origin) // step - 1)


def _series(rule: Rule, origin: datetime, limit: datetime) -> Iterator[datetime]:
    by = rule.by
    days = [weekday(day, nth) for day, nth in rule.days] or None
    try:
        return iter(
            rrule(
                _FREQUENCY[rule.frequency],
                dtstart=origin,
                interval=rule.interval,
                wkst=rule.week_start,
                until=limit,
                byweekday=days,
                bymonth=by.get("BYMONTH"),
                bymonthday=by.get("BYMONTHDAY"),
                byyearday=by.get("BYYEARDAY"),
                byweekno=by.get("BYWEEKNO"),
                byhour=by.get("BYHOUR"),
                byminute=by.get("BYMINUTE"),
                bysecond=by.get("BYSECOND"),
                bysetpos=by.get("BYSETPOS"),
            )
        )
    except ValueError:
        return iter(())
