"""Frequencies and dates from an anchor."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.days import (
    Frequency,
    bill_day_in,
    bill_day_on_or_after,
    day_after,
    day_before,
    index_on_or_before,
    nth_date,
    parse_frequency,
)
from aggregates.refusal import Refusal

QUICK = settings(deadline=None, max_examples=150)
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
BILL_DAYS = st.integers(1, 31)
MONTHS = st.integers(1, 36).map(lambda count: Frequency("months", count))
STRETCHES = st.integers(1, 400).map(lambda count: Frequency("days", count))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("daily", "daily"),
        ("every 1 days", "daily"),
        ("every 7 days", "weekly"),
        ("every 1 week", "weekly"),
        ("every 10 days", "every 10 days"),
        ("every 14 days", "every 2 weeks"),
        ("every 3 months", "quarterly"),
        ("every 6 months", "semiannual"),
        ("every 5 months", "every 5 months"),
        ("every 12 months", "annual"),
        ("every 1 years", "annual"),
        ("every 2 years", "every 2 years"),
        ("once", "once"),
    ],
)
def test_named_frequencies_are_short_forms(text: str, canonical: str) -> None:
    assert parse_frequency(text).text == canonical
    assert parse_frequency(canonical) == parse_frequency(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yearly",
        "Monthly",
        "every 0 days",
        "every month",
        "every -1 days",
        "every 2 hours",
        "every 1.5 days",
        "every  2 days",
        "every 10000 days",
        "every 2 days\n",
        "every ٣ days",
    ],
)
def test_other_frequencies_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_frequency(text)
    assert refused.value.code == "frequency_invalid"


@pytest.mark.parametrize(
    ("year", "month", "last"),
    [(2023, 2, 28), (2024, 2, 29), (1900, 2, 28), (2000, 2, 29), (2023, 4, 30), (9999, 12, 31)],
)
def test_bill_day_31_is_the_last_day_of_the_month(year: int, month: int, last: int) -> None:
    assert bill_day_in(year, month, 31) == date(year, month, last)


@QUICK
@given(DAYS, BILL_DAYS)
def test_the_first_bill_day_on_or_after_a_day(day: date, bill_day: int) -> None:
    found = bill_day_on_or_after(day, bill_day)
    assert day <= found <= day + timedelta(days=31)
    assert found == bill_day_in(found.year, found.month, bill_day)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    assert not any(d == bill_day_in(d.year, d.month, bill_day) for d in between)


@QUICK
@given(DAYS, BILL_DAYS, MONTHS, st.integers(0, 60))
def test_a_date_never_drifts_from_its_anchor(
    day: date, bill_day: int, frequency: Frequency, n: int
) -> None:
    anchor = bill_day_on_or_after(day, bill_day)
    found = nth_date(frequency, anchor, bill_day, n)
    months = (found.year - anchor.year) * 12 + found.month - anchor.month
    assert months == n * frequency.count
    assert found == bill_day_in(found.year, found.month, bill_day)


@QUICK
@given(DAYS, BILL_DAYS, MONTHS | STRETCHES, DAYS)
def test_the_last_date_on_or_before_a_day(
    day: date, bill_day: int, frequency: Frequency, other: date
) -> None:
    with_bill_day = bill_day if frequency.unit == "months" else None
    anchor = bill_day_on_or_after(day, bill_day)
    n = index_on_or_before(frequency, anchor, with_bill_day, other)
    assert nth_date(frequency, anchor, with_bill_day, n) <= other
    assert nth_date(frequency, anchor, with_bill_day, n + 1) > other


def test_a_leap_day_anchor_comes_back_in_leap_years() -> None:
    yearly = parse_frequency("annual")
    dates = [nth_date(yearly, date(2024, 2, 29), 29, n) for n in range(5)]
    assert [d.day for d in dates] == [29, 28, 28, 28, 29]


@pytest.mark.parametrize("frequency", ["daily", "monthly", "annual", "every 9999 years"])
def test_nothing_lies_beyond_the_year_9999(frequency: str) -> None:
    parsed = parse_frequency(frequency)
    bill_day = 31 if parsed.unit == "months" else None
    with pytest.raises(Refusal) as refused:
        nth_date(parsed, date.max, bill_day, 1)
    assert refused.value.code == "date_out_of_range"
    with pytest.raises(Refusal):
        nth_date(parsed, date.min, bill_day, -1)


def test_the_ends_of_the_calendar() -> None:
    assert day_before(date.min) == date.min
    assert day_before(date(2024, 3, 1)) == date(2024, 2, 29)
    with pytest.raises(Refusal) as refused:
        day_after(date.max)
    assert refused.value.code == "date_out_of_range"
    with pytest.raises(Refusal):
        bill_day_on_or_after(date.max, 1)
