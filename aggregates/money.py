"""Money is a whole number of minor units and a currency; it is never a float (R12, R16).

Amounts are multiplied first, divided last and rounded once, by the owner's mode: `half_up` (ties
away from zero) or `half_even`.
"""

import re
from dataclasses import dataclass

from aggregates.refusal import Refusal

ROUNDING_MODES = ("half_up", "half_even")

LARGEST_AMOUNT = 10**15
"""Minor units. A year's total of a million such amounts still fits into 64 bits."""

_AMOUNT = re.compile(r"([+-]?)([0-9]{1,40})(?:\.([0-9]{1,40}))?")


def round_div(numerator: int, denominator: int, mode: str) -> int:
    """The quotient as a whole number. `half_up` rounds a tie away from zero, `half_even` to the
    even neighbour; a negative quotient is the mirror image of the positive one.
    """
    quotient, rest = divmod(abs(numerator), abs(denominator))
    twice = 2 * rest
    limit = abs(denominator)
    if twice > limit or (twice == limit and (mode == "half_up" or quotient & 1)):
        quotient += 1
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def parse_amount(text: str, digits: int) -> int:
    """A written amount in major units as minor units: digits, at most one point, a sign if need
    be. No exponent, no grouping, no blanks.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise Refusal(
            "amount_invalid", f"{text!r} is not an amount: write it like 19.99", amount=text
        )
    sign, whole, fraction = found[1], found[2], found[3] or ""
    if len(fraction) > digits:
        raise Refusal(
            "amount_too_precise",
            f"{text} has {len(fraction)} decimals, the currency has {digits}: write no more",
            amount=text,
            digits=digits,
        )
    minor = int(whole + fraction.ljust(digits, "0"))
    if minor > LARGEST_AMOUNT:
        raise Refusal("amount_invalid", f"{text} is too large for an amount", amount=text)
    return -minor if sign == "-" else minor


def format_amount(minor: int, digits: int) -> str:
    """Minor units as a decimal string in major units, with all decimals of the currency."""
    sign = "-" if minor < 0 else ""
    if digits == 0:
        return f"{sign}{abs(minor)}"
    whole, fraction = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units and its currency. Amounts of two currencies do not add up."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"money is a whole number of minor units, not {self.amount!r}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._alike(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._alike(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _alike(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return other.amount
