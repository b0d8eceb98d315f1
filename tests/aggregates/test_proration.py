"""Charged days of a period, their prices and amounts."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.account_package.state import Suspension
from aggregates.proration import (
    Part,
    charged_spans,
    price_at,
    prorated,
    split_by_price,
)

OCT, NOV = date(2020, 10, 1), date(2020, 11, 1)


def oct_(day: int) -> date:
    return date(2020, 10, day)


def test_nothing_special_is_one_span() -> None:
    assert charged_spans(OCT, NOV, None, ()) == ((OCT, NOV),)


def test_the_cancel_date_is_not_charged() -> None:
    assert charged_spans(OCT, NOV, oct_(24), ()) == ((OCT, oct_(24)),)
    assert charged_spans(OCT, NOV, OCT, ()) == ()


def test_suspensions_leave_gaps() -> None:
    suspensions = (
        Suspension(start=date(2020, 9, 1), until=oct_(3)),
        Suspension(start=oct_(3), until=oct_(5)),
        Suspension(start=oct_(10), until=oct_(12)),
        Suspension(start=oct_(30)),
    )
    assert charged_spans(OCT, NOV, None, suspensions) == (
        (oct_(5), oct_(10)),
        (oct_(12), oct_(30)),
    )


def test_neighbours_at_one_price_are_one_part() -> None:
    steps = ((date.min, 10), (oct_(5), 20), (oct_(9), 20), (oct_(20), 10))
    assert split_by_price([(OCT, NOV)], steps) == [
        Part(OCT, oct_(5), 10),
        Part(oct_(5), oct_(20), 20),
        Part(oct_(20), NOV, 10),
    ]
    assert price_at(steps, oct_(19)) == 20


def test_spans_apart_stay_apart_at_one_price() -> None:
    steps = ((date.min, 10), (oct_(5), 10))
    spans = [(OCT, oct_(5)), (oct_(6), NOV)]
    assert [(part.start, part.end) for part in split_by_price(spans, steps)] == spans


def test_multiplied_before_it_is_divided() -> None:
    assert prorated(31_000_000_000, 10, 31, "half_up") == 10_000_000_000


@st.composite
def suspended(draw: st.DrawFn) -> tuple[Suspension, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 90), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    first = date(2020, 9, 1)
    return tuple(
        Suspension(start=first + timedelta(days=a), until=first + timedelta(days=b))
        for a, b in pairs
    )


@settings(deadline=None, max_examples=150)
@given(suspended(), st.integers(0, 90), st.lists(st.integers(0, 90), unique=True, max_size=4))
def test_parts_hold_every_charged_day_once(
    suspensions: tuple[Suspension, ...], cancel: int, changes: list[int]
) -> None:
    end_day = date(2020, 9, 1) + timedelta(days=cancel)
    days = sorted(date(2020, 9, 1) + timedelta(days=n) for n in changes)
    steps = ((date.min, 1), *((day, n % 2) for n, day in enumerate(days)))
    parts = split_by_price(charged_spans(OCT, NOV, end_day, suspensions), steps)
    charged = [
        (part.start + timedelta(days=n), part.price) for part in parts for n in range(part.days)
    ]
    expected = [
        (day, price_at(steps, day))
        for day in (OCT + timedelta(days=n) for n in range(31))
        if day < end_day
        and not any(s.until is not None and s.start <= day < s.until for s in suspensions)
    ]
    assert charged == expected
    for one, two in pairwise(parts):
        assert (one.end, one.price) != (two.start, two.price)
