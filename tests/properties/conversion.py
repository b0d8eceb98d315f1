"""Conversion as R16 says it, worked out by fractions; rounding and how amounts are written."""

from decimal import Decimal
from fractions import Fraction

from aggregates.exchange_rates import ExchangeRatesState
from aggregates.invoice import InvoiceLine
from aggregates.owner import OwnerState


def check_converted(
    line: InvoiceLine,
    source: str,
    target: str,
    owner: OwnerState,
    rates: ExchangeRatesState | None,
) -> None:
    """The line shows the charge in the invoice's currency, by rates of the execution's set."""
    if source == target:
        assert line.original_amount is None
        assert line.rate_from is None
        assert line.rate_to is None
        return
    known = {owner.currency: Fraction(1)}
    if rates is not None:
        known |= {currency: Fraction(rate) for currency, rate in rates.rates.items()}
    assert line.original_amount is not None
    assert line.rate_from is not None
    assert line.rate_to is not None
    assert line.original_currency == source
    assert Fraction(line.rate_from) == known[source]
    assert Fraction(line.rate_to) == known[target]
    exact = Fraction(line.original_amount, 10 ** owner.currencies[source])
    exact *= known[target] / known[source] * 10 ** owner.currencies[target]
    assert line.amount == rounded(exact, owner.rounding)


def rounded(exact: Fraction, mode: str) -> int:
    """To a whole number; a tie goes away from zero, or to the even neighbour."""
    if mode == "half_even":
        return round(exact)
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def money(minor: int, digits: int = 2) -> str:
    """An amount as documents show it, with as many decimals as its currency has."""
    return f"{Decimal(minor).scaleb(-digits):f}"
