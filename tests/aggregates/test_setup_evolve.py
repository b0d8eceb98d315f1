"""Setup aggregates as their events make them; what cannot follow is a damaged stream."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aggregates import account, bill_group, bill_run, exchange_rates, owner, package
from aggregates.event import Event, ImpossibleEvent

OWNER = owner.OwnerSetUp(name="A", currency="USD", currencies={"USD": 2}, time_zone="UTC")
RATES = exchange_rates.ExchangeRatesCreated(
    name="R", effective=date(2020, 10, 1), rates={"EUR": Decimal("0.85")}
)
GROUP = bill_group.BillGroupCreated(name="G", settings=bill_group.BillGroupSettings())
RUN = bill_run.BillRunCreated(
    name="B",
    settings=bill_run.BillRunSettings(actions=(), bill_groups=("G",), exchange_rates="R"),
)
PACKAGE = package.PackageCreated(
    code="p",
    name="P",
    frequency="monthly",
    services=(package.Service(code="p", name="P"),),
    prices=(package.Price(service="p", currency="USD", amount=1),),
)
ACCOUNT = account.AccountOpened(
    number="A",
    name="x",
    currency="USD",
    bill_group="G",
    bill_day=1,
    invoicer="A",
    opened_on=date(2020, 1, 1),
)

MADE: list[tuple[Any, Event, Event]] = [
    (exchange_rates, RATES, exchange_rates.ExchangeRatesDeleted()),
    (bill_group, GROUP, bill_group.BillGroupDeleted()),
    (bill_run, RUN, bill_run.BillRunDeleted()),
    (package, PACKAGE, package.PackageDeleted()),
    (account, ACCOUNT, account.AccountDeleted()),
]


@pytest.mark.parametrize(("module", "made", "deleted"), MADE)
def test_made_deleted_and_made_again(module: Any, made: Event, deleted: Event) -> None:
    state = module.evolve(None, made)
    gone = module.evolve(state, deleted)
    assert gone.deleted
    assert module.evolve(gone, made) == state


@pytest.mark.parametrize(("module", "made", "deleted"), MADE)
def test_impossible_events(module: Any, made: Event, deleted: Event) -> None:
    state = module.evolve(None, made)
    with pytest.raises(ImpossibleEvent):
        module.evolve(state, made)
    with pytest.raises(ImpossibleEvent):
        module.evolve(None, deleted)
    with pytest.raises(ImpossibleEvent):
        module.evolve(module.evolve(state, deleted), deleted)


def test_there_is_one_owner() -> None:
    state = owner.evolve(None, OWNER)
    with pytest.raises(ImpossibleEvent):
        owner.evolve(state, OWNER)
    with pytest.raises(ImpossibleEvent):
        owner.evolve(None, owner.OwnerRenamed(name="B"))
    added = owner.evolve(state, owner.CurrencyEnabled(currency="JPY", digits=0))
    assert added.currencies == {"USD": 2, "JPY": 0}


def test_rates_used_are_remembered_once() -> None:
    state = exchange_rates.evolve(None, RATES)
    used = exchange_rates.ExchangeRatesUsed(execution="e", currencies=("EUR",))
    twice = exchange_rates.evolve(exchange_rates.evolve(state, used), used)
    assert twice.used == ("EUR",)


def test_every_price_change_is_a_revision() -> None:
    state = package.evolve(None, PACKAGE)
    price = package.Price(service="p", currency="USD", amount=2, revision=2)
    changed = package.evolve(state, package.PackagePricesChanged(prices=(price,)))
    assert (changed.revision, len(changed.prices)) == (2, 2)


def test_members_are_counted_and_remembered() -> None:
    state = account.evolve(None, ACCOUNT)
    joined = account.evolve(state, account.MemberJoined(member="B"))
    left = account.evolve(joined, account.MemberLeft(member="B"))
    assert (joined.members, left.members, left.had_members) == (1, 0, True)
    with pytest.raises(ImpossibleEvent):
        account.evolve(left, account.MemberLeft(member="B"))
