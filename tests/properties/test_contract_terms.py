"""Whenever a contract begins, whenever runs come and however it ends: its commit periods, what is
short, its early end and its prices are those of the rule, worked out here a second time and
naively (R10, R12, R13, R31).
"""

import calendar
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.conversion import money, rounded
from tests.properties.effort import long, quick
from tests.rules.under_contract import SEPTEMBER_START, contract, fees, signed, sound
from tests.support.world import World, account, package

MONTHS = {"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}
PRICE = 2000
YEAR = 12


class Terms(NamedTuple):
    """A contract from `start` over `term` months; amounts in minor units. It ends `early` days
    after its start, if that is within its term, for `fee`: minor units, or per cent of what is
    left. The account is billed on `bill_day`.
    """

    bill_day: int
    start: date
    term: int
    auto: bool
    per: str
    amount: int
    early: int | None
    fee: tuple[str, int]
    escalator: int | None

    @property
    def ends(self) -> date | None:
        """The first day after it, None: never."""
        end = months_after(self.start, self.term)
        if self.early is not None and self.start + timedelta(self.early) < end:
            return self.start + timedelta(self.early)
        return None if self.auto else end

    @property
    def ends_early(self) -> bool:
        return self.ends is not None and self.ends < months_after(self.start, self.term)


terms = st.builds(
    Terms,
    bill_day=st.sampled_from([1, 5, 15, 29, 31]),
    start=st.integers(1, 90).map(lambda days: date(2020, 10, 5) + timedelta(days)),
    term=st.sampled_from([1, 5, 12, 18]),
    auto=st.booleans(),
    per=st.sampled_from(list(MONTHS)),
    amount=st.sampled_from([100, 1999, 9999, 60000]),
    early=st.none() | st.integers(1, 400),
    fee=st.tuples(st.sampled_from(["amount", "percent"]), st.integers(1, 100)),
    escalator=st.sampled_from([None, 33, 100, 1250]),
)
visits = st.lists(st.integers(1, 6), min_size=5, max_size=9)
"""How many months each run catches up."""


def months_after(day: date, months: int, bill_day: int | None = None) -> date:
    """Months later on the bill day, else on the same day; a month's last day where it is short."""
    whole = day.year * YEAR + day.month - 1 + months
    year, month = whole // YEAR, whole % YEAR + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(bill_day or day.day, last))


def bill_day_from(day: date, bill_day: int) -> date:
    """The first bill day on or after a day."""
    this = months_after(day, 0, bill_day)
    return this if this >= day else months_after(day, 1, bill_day)


class Period(NamedTuple):
    """A commit period, and the whole one that it is a part of."""

    start: date
    end: date
    full: int

    def part(self, low: date, high: date) -> Fraction:
        """How much of a whole one lies from `low` to before `high`."""
        days = (min(high, self.end) - max(low, self.start)).days
        return Fraction(max(0, days), self.full)


def commit_periods(asked: Terms, up_to: date) -> list[Period]:
    """From the start to the anchor, and then from date to date, until one begins after `up_to`."""
    anchor = bill_day_from(asked.start, asked.bill_day)
    every = MONTHS[asked.per]
    dates = [months_after(anchor, n * every, asked.bill_day) for n in range(-1, 40)]
    found = [
        Period(max(low, asked.start), high, (high - low).days)
        for low, high in pairwise(dates)
        if high > asked.start
    ]
    return [one for one in found if one.start <= up_to]


class Reckoning:
    """Goes from run to run: bills the package day by day, then looks at the contract."""

    def __init__(self, asked: Terms) -> None:
        self.asked = asked
        self.up_to = date(2020, 9, 30)
        self.prices: list[tuple[date, int]] = [(date.min, PRICE)]
        self.lines: dict[date, int] = {}
        self.billed: list[tuple[date, date, int]] = []
        self.closed: list[tuple[str, str, str]] = []
        self.termination = 0

    def run(self, up_to: date) -> None:
        self._bill(up_to)
        self.up_to = up_to
        self._close()
        self._raise()

    def _price(self, day: date) -> int:
        return [price for since, price in self.prices if since <= day][-1]

    def _worth(self, low: date, high: date) -> int:
        """A month in arrears: neighbouring days at one price are one part (R13)."""
        days: dict[int, int] = {}
        for n in range((high - low).days):
            price = self._price(low + timedelta(n))
            days[price] = days.get(price, 0) + 1
        whole = (high - low).days
        return sum(rounded(Fraction(price * n, whole), "half_up") for price, n in days.items())

    def _bill(self, up_to: date) -> None:
        first = bill_day_from(date(2020, 10, 1), self.asked.bill_day)
        settled = 0
        for place, (low, high, amount) in enumerate(self.billed):
            now = self._worth(low, high)
            settled += now - amount
            self.billed[place] = (low, high, now)
        for n in count():
            day = months_after(first, n, self.asked.bill_day)
            if day > up_to:
                return
            if day > self.up_to:
                before = months_after(first, n - 1, self.asked.bill_day)
                worth = self._worth(before, day)
                self.billed.append((before, day, worth))
                self.lines[day] = worth + settled
                settled = 0

    def _close(self) -> None:
        asked, last = self.asked, self.asked.ends
        self.closed = []
        for one in commit_periods(asked, self.up_to):
            end = one.end if last is None else min(one.end, last)
            if end > self.up_to or one.start >= end:
                continue
            committed = rounded(asked.amount * one.part(one.start, end), "half_up")
            counted = sum(amount for day, amount in self.lines.items() if one.start <= day < end)
            short = max(0, committed - counted)
            self.closed.append((one.start.isoformat(), money(counted), money(short)))
        if asked.ends_early and last is not None and last <= self.up_to:
            self.termination = self._fee(last)

    def _fee(self, last: date) -> int:
        kind, value = self.asked.fee
        if kind == "amount":
            return value
        end = months_after(self.asked.start, self.asked.term)
        left = sum(one.part(last, end) for one in commit_periods(self.asked, end))
        return rounded(Fraction(left * self.asked.amount * value, 100), "half_up")

    def _raise(self) -> None:
        for year in range(1, 5):
            day = months_after(self.asked.start, year * YEAR)
            over = self.asked.ends is not None and day >= self.asked.ends
            known = any(since == day for since, _ in self.prices)
            if self.asked.escalator is None or day > self.up_to or over or known:
                continue
            price = Fraction(self._price(day) * (10_000 + self.asked.escalator), 10_000)
            self.prices.append((day, rounded(price, "half_up")))


def begun(folder: Path, asked: Terms) -> World:
    kind, value = asked.fee
    more: dict[str, Any] = {
        "start": asked.start.isoformat(),
        "term": f"every {asked.term} months",
        "renewal": "auto" if asked.auto else "none",
        "commitment": {"amount": money(asked.amount), "per": asked.per},
        "termination": {kind: money(value) if kind == "amount" else str(value)},
    }
    if asked.escalator is not None:
        more["escalator"] = {"percent": money(asked.escalator), "every": "annual"}
    held = account("A-1", package("a", SEPTEMBER_START), bill_day=asked.bill_day)
    world = signed(folder, contract(**more), accounts=[held])
    if asked.ends_early and asked.ends is not None:
        world.must("contract", "terminate", "K-1", "--as-of", asked.ends.isoformat())
    return world


def shown(world: World) -> list[tuple[str, str, str]]:
    periods = world.read("contract", "show", "K-1")["periods"]
    return [(one["start"], one["counted"], one["shortfall"]) for one in periods]


def charged(world: World) -> int:
    """All that the package was billed, but for a stub in September."""
    amounts = [
        Decimal(line["amount"])
        for invoice in world.invoices()
        for line in invoice["lines"]
        if line["kind"] in ("recurring", "adjustment", "credit")
    ]
    return int(sum(amounts) * 100)


def check(asked: Terms, life: list[int]) -> Reckoning:
    with TemporaryDirectory() as folder:
        world, expected = begun(Path(folder), asked), Reckoning(asked)
        first = date(2020, 10, 1)
        for months in life:
            after = months_after(first, months)
            last = after - timedelta(1)
            world.bill(first.isoformat(), last.isoformat(), "--catch-up", "all")
            expected.run(last)
            assert shown(world) == expected.closed
            first = after
        due = [amount for _, _, amount in expected.closed] + [money(expected.termination)]
        assert sorted(amount for _, _, amount in fees(world)) == sorted(
            amount for amount in due if amount != "0.00"
        )
        assert charged(world) == sum(expected.lines.values())
        sound(world)
        return expected


@quick(15)
@given(terms, visits)
def test_contract_terms_are_executed_as_the_rule_says(asked: Terms, life: list[int]) -> None:
    check(asked, life)


@pytest.mark.chaos
@long(200)
@given(terms, visits)
def test_many_contracts(asked: Terms, life: list[int]) -> None:
    check(asked, life)


def test_the_reckoning_is_not_idle() -> None:
    """Prices rise on 20 Oct 2021, in the middle of a month; the contract ends five weeks later."""
    half = ("percent", 50)
    asked = Terms(15, date(2020, 10, 20), 18, False, "quarterly", 9999, 400, half, 1250)
    found = check(asked, [5, 6, 6])
    assert found.prices[1:] == [(date(2021, 10, 20), 2250)]
    assert found.termination == 8106
    assert [short for _, _, short in found.closed] == ["28.26", *["39.99"] * 4, "0.00"]
