"""Whole minor units, rounded once."""

from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.money import Money, format_amount, parse_amount, round_div
from aggregates.refusal import Refusal

QUICK = settings(deadline=None, max_examples=100)
WHOLE = st.integers(-(10**20), 10**20)
DIVISOR = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "half_even"),
    [
        (5, 2, 3, 2),
        (7, 2, 4, 4),
        (-5, 2, -3, -2),
        (-7, 2, -4, -4),
        (5, -2, -3, -2),
        (-5, -2, 3, 2),
        (4, 3, 1, 1),
        (5, 3, 2, 2),
        (0, 7, 0, 0),
        (1, 2, 1, 0),
        (-1, 2, -1, 0),
    ],
)
def test_ties(numerator: int, denominator: int, half_up: int, half_even: int) -> None:
    assert round_div(numerator, denominator, "half_up") == half_up
    assert round_div(numerator, denominator, "half_even") == half_even


@QUICK
@given(WHOLE, DIVISOR, st.sampled_from(["half_up", "half_even"]))
def test_a_negative_is_the_mirror_image(numerator: int, denominator: int, mode: str) -> None:
    rounded = round_div(numerator, denominator, mode)
    assert round_div(-numerator, denominator, mode) == -rounded
    assert round_div(numerator, -denominator, mode) == -rounded


@QUICK
@given(WHOLE, DIVISOR, st.sampled_from(["half_up", "half_even"]))
def test_never_off_by_more_than_half(numerator: int, denominator: int, mode: str) -> None:
    error = abs(Fraction(numerator, denominator) - round_div(numerator, denominator, mode))
    assert error <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "digits", "minor"),
    [("19.99", 2, 1999), ("20", 2, 2000), ("-0.5", 2, -50), ("+1", 0, 1), ("0.001", 3, 1)],
)
def test_amounts_are_read_exactly(text: str, digits: int, minor: int) -> None:
    assert parse_amount(text, digits) == minor


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", ".5", "5.", "1e3", "NaN", "inf", "0x1", "٣"),
        *("1,000.00", "1_000", " 1", "1\n", "--1"),
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_amount(text, 2)
    assert refused.value.code == "amount_invalid"


@pytest.mark.parametrize("text", ["9" * 41, "9" * 20, "-10000000000000.01"])
def test_an_amount_has_a_limit(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_amount(text, 2)
    assert refused.value.code == "amount_invalid"


@pytest.mark.parametrize(("text", "digits"), [("10.5", 0), ("1.999", 2), ("1.000", 2)])
def test_more_decimals_than_the_currency_has(text: str, digits: int) -> None:
    with pytest.raises(Refusal) as refused:
        parse_amount(text, digits)
    assert refused.value.code == "amount_too_precise"


@QUICK
@given(st.integers(-(10**15), 10**15), st.integers(0, 4))
def test_what_is_written_is_read_back(minor: int, digits: int) -> None:
    assert parse_amount(format_amount(minor, digits), digits) == minor


def test_amounts_show_every_decimal_of_the_currency() -> None:
    assert format_amount(5, 2) == "0.05"
    assert format_amount(-50, 2) == "-0.50"
    assert format_amount(7, 0) == "7"


def test_money_adds_within_one_currency_only() -> None:
    assert Money(5, "USD") + Money(-2, "USD") == Money(3, "USD")
    assert Money(5, "USD") - Money(2, "USD") == -Money(-3, "USD")
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        _ = Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize("wrong", [1.0, True, "1"])
def test_money_is_never_a_float(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(cast(int, wrong), "USD")
