"""Two businesses that are asked the same become the same (R14, R29; decisions 6, 14)."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.identity import StreamId
from consumers.worker import run_execution
from infra.views.open import open_views
from tests.properties import asks
from tests.properties.audit import follow
from tests.properties.effort import long, quick
from tests.properties.ledger import Ledger
from tests.properties.shop import Ask, Run, Shop
from tests.properties.trial import Made, happened

RATES = {"EUR": "0.85", "GBP": "0.79", "JPY": "151.37"}

days = st.integers(0, 40)
anything = (
    asks.terms()
    | asks.taking()
    | asks.pricing()
    | asks.account_changes()
    | asks.statuses
    | asks.exclusions
    | asks.group_changes()
    | asks.rate_changes()
)


def run(shop: Shop, run: Run) -> StreamId | None:
    execution = shop.queue(run)
    if execution is not None:
        run_execution(shop.store, execution)
    return execution


def live(shop: Shop, customers: list[Ask], life: list[Ask | Run | int]) -> None:
    shop.must(*asks.business("half_up", RATES))
    for ask in customers:
        shop.put(ask)
    for step in life:
        if isinstance(step, Ask):
            shop.put(step)
        elif isinstance(step, Run):
            run(shop, step)
        else:
            shop.wait(step)


def check_twins(customers: list[Ask], life: list[Ask | Run | int]) -> None:
    """To the last byte: the clocks of both stand at the same times, so even the roots agree."""
    with TemporaryDirectory() as folder:
        one, other = Shop(Path(folder, "one")), Shop(Path(folder, "other"))
        live(one, customers, life)
        live(other, customers, life)
        assert one.store.head == other.store.head
        one.close()
        other.close()


lives = st.lists(anything | asks.runs | asks.account_runs | days, max_size=12)


@quick(30)
@given(asks.openings(), lives)
def test_the_same_commands_make_the_same_history(
    customers: list[Ask], life: list[Ask | Run | int]
) -> None:
    check_twins(customers, life)


@pytest.mark.chaos
@long(400)
@given(asks.openings(), lives)
def test_the_same_commands_always_make_the_same_history(
    customers: list[Ask], life: list[Ask | Run | int]
) -> None:
    check_twins(customers, life)


@st.composite
def of_account(draw: st.DrawFn, number: str) -> list[Ask]:
    """What one account does that concerns no other."""
    words = {"name": number, "currency": draw(st.sampled_from(asks.CURRENCIES))}
    opened = Ask("account", number, {**words, "bill_group": draw(st.sampled_from(asks.GROUPS))})
    taken = draw(asks.taking(f"{number}/1"))
    changes = draw(st.lists(asks.terms() | asks.taking() | asks.moves(), max_size=5))
    own = [ask._replace(key=number + ask.key[1:]) for ask in changes]
    status = draw(st.lists(st.sampled_from(["active", "suspended"]), max_size=1))
    return [opened, taken, *own, *(Ask("account", number, {"status": word}) for word in status)]


def check_order(mine: list[Ask], theirs: list[Ask], dice: Random, asked: Run) -> None:
    with TemporaryDirectory() as folder:
        assert invoiced(Path(folder, "one"), [*mine, *theirs], asked) == invoiced(
            Path(folder, "other"), interleaved(mine, theirs, dice), asked
        )


def interleaved(mine: list[Ask], theirs: list[Ask], dice: Random) -> list[Ask]:
    left, right, found = list(mine), list(theirs), list[Ask]()
    while left or right:
        source = left if not right or (left and dice.random() < 0.5) else right
        found.append(source.pop(0))
    return found


def invoiced(folder: Path, life: list[Ask], asked: Run) -> Made:
    """What a run makes of it, without numbers."""
    shop, ledger = Shop(folder), Ledger()
    shop.must(*asks.business("half_up", RATES))
    for ask in life:
        shop.put(ask)
    execution = run(shop, asked)
    follow(ledger, shop.store)
    open_views(shop.store).catch_up()
    shop.close()
    assert execution is not None
    return happened(ledger.executions[execution], execution)


two = given(of_account("A"), of_account("B"), st.randoms(use_true_random=False), asks.runs)


@quick(30)
@two
def test_the_order_of_independent_accounts_does_not_matter(
    mine: list[Ask], theirs: list[Ask], dice: Random, asked: Run
) -> None:
    check_order(mine, theirs, dice, asked)


@pytest.mark.chaos
@long(400)
@two
def test_the_order_of_independent_accounts_never_matters(
    mine: list[Ask], theirs: list[Ask], dice: Random, asked: Run
) -> None:
    check_order(mine, theirs, dice, asked)
