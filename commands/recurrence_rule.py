"""Reading a recurrence rule (RFC 5545 RRULE): what is allowed and what is refused, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from aggregates.refusal import Refusal
from commands.local_time import local_of

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RANGES: Mapping[str, tuple[int, int, bool]] = MappingProxyType(
    {
        "BYSECOND": (0, 59, False),
        "BYMINUTE": (0, 59, False),
        "BYHOUR": (0, 23, False),
        "BYMONTHDAY": (1, 31, True),
        "BYYEARDAY": (1, 366, True),
        "BYWEEKNO": (1, 53, True),
        "BYMONTH": (1, 12, False),
        "BYSETPOS": (1, 366, True),
    }
)
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_RANGES)
_ELSEWHERE = ("DTSTART", "DTEND", "EXDATE", "RDATE", "EXRULE")
_MOST = 10_000
_LONGEST_TEXT = 500
_DIGITS = re.compile(r"[0-9]{1,5}")
_SIGNED = re.compile(r"[+-]?[0-9]{1,3}")
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}(Z)?)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule that was read and found sound. `text` is its stored form, `until` local
    time, `days` the weekdays (Monday is 0) with their number in the month or year.
    """

    text: str
    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    by: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    days: tuple[tuple[int, int | None], ...] = ()


def parse(written: str, where: ZoneInfo) -> Rule:
    """Reads an RRULE, with or without its name in front. Refused with `recurrence_invalid` or
    `recurrence_too_frequent`.
    """
    text = written.strip().upper().removeprefix("RRULE:")
    parts = _split(text)
    frequency = _frequency(parts.pop("FREQ", None))
    count = _number("COUNT", parts.pop("COUNT", None), low=0)
    until = parts.pop("UNTIL", None)
    if count is not None and until is not None:
        raise _invalid("COUNT and UNTIL exclude each other: keep one of them")
    week_start = parts.pop("WKST", "MO")
    if week_start not in DAYS:
        raise _invalid(f"WKST is one of {', '.join(DAYS)}, not {week_start!r}")
    rule = Rule(
        text=text,
        frequency=frequency,
        interval=_number("INTERVAL", parts.pop("INTERVAL", None), low=1) or 1,
        count=count,
        until=None if until is None else _until(until, where),
        week_start=DAYS.index(week_start),
        days=tuple(_day(value) for value in _values(parts.pop("BYDAY", ""))),
        by={name: tuple(_within(name, v) for v in _values(v)) for name, v in parts.items()},
    )
    _check_together(rule)
    return rule


def _split(text: str) -> dict[str, str]:
    named = [name for name in _ELSEWHERE if re.search(rf"\b{name}\b", text)]
    if named or "\n" in text:
        raise _invalid(
            f"{' and '.join(named) or 'a second line'} does not belong in a rule: it counts from "
            "the day it is scheduled"
        )
    if len(text) > _LONGEST_TEXT:
        raise _invalid(f"the rule is longer than {_LONGEST_TEXT} characters")
    parts: dict[str, str] = {}
    for part in text.rstrip(";").split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS:
            raise _invalid(f"{part!r} is no part of a rule: its parts are {', '.join(_PARTS)}")
        if not value:
            raise _invalid(f"{name} has no value")
        if name in parts:
            raise _invalid(f"{name} stands twice")
        parts[name] = value
    return parts


def _frequency(value: str | None) -> str:
    if value in ("SECONDLY", "MINUTELY"):
        raise _too_frequent()
    if value is None or value not in FREQUENCIES:
        names = ", ".join(FREQUENCIES)
        raise _invalid(f"FREQ is one of {names}" + (f", not {value!r}" if value else ""))
    return value


def _number(name: str, value: str | None, low: int) -> int | None:
    if value is None:
        return None
    if not (_DIGITS.fullmatch(value) and low <= int(value) <= _MOST):
        raise _invalid(f"{name} is a number from {low} to {_MOST}, not {value!r}")
    return int(value)


def _values(value: str) -> list[str]:
    return value.split(",") if value else []


def _within(name: str, value: str) -> int:
    low, high, signed = _RANGES[name]
    match = _SIGNED.fullmatch(value)
    number = int(value) if match else -1
    if not match or not low <= (abs(number) if signed else number) <= high:
        negative = f" or from -{high} to -{low}" if signed else ""
        raise _invalid(f"{name} is a number from {low} to {high}{negative}, not {value!r}")
    return number


def _day(value: str) -> tuple[int, int | None]:
    match = _WEEKDAY.fullmatch(value)
    nth = int(match[1]) if match and match[1] else None
    if match is None or nth == 0 or (nth is not None and abs(nth) > 53):
        raise _invalid(f"BYDAY is a day such as MO, 1MO (the first) or -1FR (the last): {value!r}")
    return DAYS.index(match[2]), nth


def _until(value: str, where: ZoneInfo) -> datetime:
    match = _UNTIL.fullmatch(value)
    try:
        if match is None:
            raise ValueError(value)
        if match[1] is None:
            day = datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007 - local time
            return datetime.combine(day.date(), time(23, 59, 59))
        moment = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        return local_of(moment.replace(tzinfo=UTC), where) if match[2] else moment
    except (ValueError, OverflowError):
        raise _invalid(
            f"UNTIL is a date such as 20211231, 20211231T235959 or 20211231T235959Z, not {value!r}"
        ) from None


def _check_together(rule: Rule) -> None:
    """What RFC 5545 forbids together, and rules that fire more than once an hour."""
    by, often = rule.by, rule.frequency
    if len(set(by.get("BYMINUTE", ()))) > 1 or len(set(by.get("BYSECOND", ()))) > 1:
        raise _too_frequent()
    if "BYWEEKNO" in by and often != "YEARLY":
        raise _invalid("BYWEEKNO goes with FREQ=YEARLY only")
    if "BYYEARDAY" in by and often in ("DAILY", "WEEKLY", "MONTHLY"):
        raise _invalid("BYYEARDAY goes with FREQ=YEARLY only")
    if "BYMONTHDAY" in by and often == "WEEKLY":
        raise _invalid("BYMONTHDAY does not go with FREQ=WEEKLY: use FREQ=MONTHLY")
    counted = any(nth is not None for _, nth in rule.days)
    if counted and (often not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in by):
        raise _invalid("a numbered day such as 1MO goes with FREQ=MONTHLY or FREQ=YEARLY only")
    if "BYSETPOS" in by and len(by) == 1 and not rule.days:
        raise _invalid("BYSETPOS picks from what another BY part gives: add one, such as BYDAY")


def _invalid(sentence: str) -> Refusal:
    return Refusal("recurrence_invalid", f"the recurrence rule cannot be used: {sentence}")


def _too_frequent() -> Refusal:
    return Refusal(
        "recurrence_too_frequent",
        "the recurrence rule fires more than once an hour: use FREQ=HOURLY or a longer one, with "
        "one minute and second",
    )
