"""The sum of a prorated package's charges does not depend on how runs were spaced (R8, R9, R13)."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.worker import run_execution
from tests.properties import asks
from tests.properties.audit import follow
from tests.properties.effort import long, quick
from tests.properties.ledger import Ledger
from tests.properties.shop import Ask, Run, Shop

TO_THE_END = Run("Everything", -500, 1000, "all")


class Step(NamedTuple):
    """Some days pass, there may be a run, and something changes."""

    days: int
    run: Run | None
    ask: Ask


@st.composite
def prices(draw: st.DrawFn) -> Ask:
    currency, amount = draw(st.sampled_from(["USD", "JPY"])), draw(st.sampled_from(["31", "7"]))
    words = {"prices": {currency: amount}, "prices_from": draw(asks.near)}
    return Ask("catalogue", draw(st.sampled_from(asks.PRORATED)), words)


@st.composite
def customers(draw: st.DrawFn) -> list[Ask]:
    found: list[Ask] = []
    for number in ("A", "B"):
        currency = draw(st.sampled_from(["USD", "JPY"]))
        words = {"name": number, "currency": currency, "bill_group": "First"}
        found.append(Ask("account", number, words))
        for n in (1, 2):
            sold = {"package": draw(st.sampled_from(asks.PRORATED)), "effective": draw(asks.near)}
            found.append(Ask("package", f"{number}/{n}", sold))
    return found


steps = st.builds(Step, st.integers(0, 40), st.none() | asks.runs, asks.terms() | prices())


class Spaced:
    """A business, and what is known of it."""

    def __init__(self, folder: Path, customers: list[Ask]) -> None:
        self.shop, self.ledger = Shop(folder), Ledger()
        rates = {"EUR": "0.85", "GBP": "0.79", "JPY": "151.37"}
        self.shop.must(*asks.business("half_up", rates), *customers)

    def run(self, run: Run) -> None:
        execution = self.shop.queue(run)
        assert execution is not None
        run_execution(self.shop.store, execution)

    def ended(self, code: str) -> set[str]:
        """Packages of a kind that are credited by hand only."""
        follow(self.ledger, self.shop.store)
        held = self.ledger.packages.items()
        return {ref for ref, state in held if state.package == code and state.ended}

    def totals(self) -> Counter[str]:
        follow(self.ledger, self.shop.store)
        found: Counter[str] = Counter()
        for key, amount in self.ledger.charged.items():
            found[key.account_package] += amount
        return found


def check_spacing(customers: list[Ask], lived: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        often = Spaced(Path(folder, "often"), customers)
        once = Spaced(Path(folder, "once"), customers)
        apart: set[str] = set()
        for step in lived:
            for one in (often, once):
                one.shop.wait(step.days)
            if step.run is not None:
                often.run(step.run)
            apart |= often.ended(step.ask.key) ^ once.ended(step.ask.key)
            if often.shop.put(step.ask) != once.shop.put(step.ask):
                apart.add(step.ask.key)
        for one in (often, once):
            one.run(TO_THE_END)
        mine, theirs = often.totals(), once.totals()
        for ref in {*mine, *theirs} - apart:
            assert mine[ref] == theirs[ref], ref
        often.shop.close()
        once.shop.close()


lives = st.lists(steps, max_size=10)


@quick(40)
@given(customers(), lives)
def test_the_spacing_of_runs_does_not_matter(customers: list[Ask], lived: list[Step]) -> None:
    check_spacing(customers, lived)


@pytest.mark.chaos
@long(500)
@given(customers(), lives)
def test_the_spacing_of_runs_never_matters(customers: list[Ask], lived: list[Step]) -> None:
    check_spacing(customers, lived)
