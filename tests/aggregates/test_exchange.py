"""Conversion is exact until it is rounded once."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.exchange import convert, rate_of
from aggregates.refusal import Refusal

RATES = st.decimals("0.00000000001", "100000", places=11)


def to(amount: int, rate_from: str, rate_to: str, mode: str = "half_up") -> int:
    return convert(
        amount,
        rate_from=Decimal(rate_from),
        rate_to=Decimal(rate_to),
        digits_from=2,
        digits_to=2,
        mode=mode,
    )


def test_ties_follow_the_mode_and_the_sign() -> None:
    assert [to(1, "2", "1"), to(-1, "2", "1")] == [1, -1]
    assert [to(1, "2", "1", "half_even"), to(3, "2", "1", "half_even")] == [0, 2]


def test_eleven_decimals_are_not_lost() -> None:
    assert to(10**15, "1", "0.00000000001") == 10_000
    with localcontext() as context:
        context.prec = 3
        assert to(123_456_789, "1", "1.00000000001") == 123_456_789


@settings(deadline=None, max_examples=100)
@given(st.integers(-(10**12), 10**12), RATES)
def test_the_same_rate_on_both_sides_changes_nothing(amount: int, rate: Decimal) -> None:
    assert to(amount, str(rate), str(rate)) == amount


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**12), RATES, RATES)
def test_a_credit_converts_to_the_negative_of_the_charge(
    amount: int, rate_from: Decimal, rate_to: Decimal
) -> None:
    assert to(-amount, str(rate_from), str(rate_to)) == -to(amount, str(rate_from), str(rate_to))


def test_the_default_currency_needs_no_rate() -> None:
    assert rate_of(None, "USD", "USD") == 1
    assert rate_of({"EUR": Decimal("0.85")}, "EUR", "USD") == Decimal("0.85")


@pytest.mark.parametrize("rates", [None, {}, {"GBP": Decimal("0.79")}])
def test_a_missing_rate_is_refused(rates: dict[str, Decimal] | None) -> None:
    with pytest.raises(Refusal) as refused:
        rate_of(rates, "EUR", "USD")
    assert refused.value.code == "rate_missing"
