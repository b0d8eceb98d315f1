"""Which days of a period are charged, at which price, and what a part of it costs (R12, R13).

Spans are half-open: the first day is charged, the end is not. `date.min` as the first day of a
price step stands for "from the beginning".
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from aggregates.account_package.state import Suspension
from aggregates.money import round_div

Span = tuple[date, date]

Steps = tuple[tuple[date, int | None], ...]
"""A price over time: from each day on, the price in minor units (None: none). The first step
begins at `date.min`; days ascend.
"""


class Part(NamedTuple):
    """Neighbouring charged days at one price."""

    start: date
    end: date
    price: int | None

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def charged_spans(
    start: date, end: date, cancel: date | None, suspensions: Sequence[Suspension]
) -> tuple[Span, ...]:
    """The charged days from `start` up to `end`: none from the cancel date on, none suspended.
    Suspensions come in the order of their start and do not overlap.
    """
    if cancel is not None and cancel < end:
        end = cancel
    spans: list[Span] = []
    for suspension in suspensions:
        if start >= end:
            break
        until = suspension.until
        if until is not None and until <= start:
            continue
        if suspension.start > start:
            spans.append((start, min(suspension.start, end)))
        start = end if until is None or suspension.start >= end else until
    if start < end:
        spans.append((start, end))
    return tuple(spans)


def price_at(steps: Steps, day: date) -> int | None:
    """The price of a day."""
    found: int | None = None
    for since, price in steps:
        if since > day:
            break
        found = price
    return found


def split_by_price(spans: Sequence[Span], steps: Steps) -> list[Part]:
    """The charged days cut where the price changes; neighbours of one price are one part."""
    if len(steps) == 1:
        price = steps[0][1]
        return [Part(start, end, price) for start, end in spans]
    parts: list[Part] = []
    ends = [since for since, _ in steps[1:]] + [date.max]
    for start, end in spans:
        for (since, price), until in zip(steps, ends, strict=True):
            first, after = max(start, since), min(end, until)
            if first >= after:
                continue
            last = parts[-1] if parts else None
            if last is not None and last.end == first and last.price == price:
                parts[-1] = Part(last.start, after, price)
            else:
                parts.append(Part(first, after, price))
    return parts


def prorated(price: int, days: int, full_days: int, mode: str) -> int:
    """What `days` of a period of `full_days` cost: multiplied first, divided last, rounded once."""
    return round_div(price * days, full_days, mode)
