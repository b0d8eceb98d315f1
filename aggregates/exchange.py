"""Conversion between currencies by multipliers from the owner's default currency (R16)."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from math import gcd

from aggregates.money import round_div
from aggregates.refusal import Refusal

ONE = Decimal(1)


def convert(
    amount: int,
    *,
    rate_from: Decimal,
    rate_to: Decimal,
    digits_from: int,
    digits_to: int,
    mode: str,
) -> int:
    """Minor units of one currency as minor units of another: amount × rate(to) ÷ rate(from),
    rounded once. Exact before the rounding, however many decimals the rates have.
    """
    numerator, denominator = _ratio(rate_from, rate_to, digits_from, digits_to)
    return round_div(amount * numerator, denominator, mode)


def rate_of(rates: Mapping[str, Decimal] | None, currency: str, default_currency: str) -> Decimal:
    """The multiplier of a currency; `rates` is None when no set is in force. The default currency
    needs none: it is 1.
    """
    if currency == default_currency:
        return ONE
    if rates is None:
        raise Refusal(
            "rate_missing",
            f"no exchange rates are in force and {currency} needs one: create a set",
            currency=currency,
        )
    rate = rates.get(currency)
    if rate is None:
        raise Refusal(
            "rate_missing",
            f"the exchange rates have no rate for {currency}: add it to the set",
            currency=currency,
        )
    return rate


@lru_cache(maxsize=4096)
def _ratio(
    rate_from: Decimal, rate_to: Decimal, digits_from: int, digits_to: int
) -> tuple[int, int]:
    to_over, to_under = rate_to.as_integer_ratio()
    from_over, from_under = rate_from.as_integer_ratio()
    numerator = to_over * from_under * 10**digits_to
    denominator = to_under * from_over * 10**digits_from
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common
