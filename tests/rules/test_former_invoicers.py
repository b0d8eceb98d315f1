"""R15, R23, R24: an invoice stays with the account it was made for, and so do its reminders, fees
and collection, also when another account receives that account's invoices from then on.
"""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from aggregates import identity
from aggregates.execution import ExecutionQueued
from commands.executions import open_running, run_chunk, start_execution
from commands.payments.asking import RecordPayment, record_payment
from commands.store import Store
from infra import personal_keys
from infra.store.open import open_store
from tests.rules.support import NOVEMBER, OCTOBER, bill_account, bill_run, line, lines
from tests.rules.test_collect_at_once import Between
from tests.rules.test_collect_payment import paying
from tests.rules.test_dunning import overdue, sound
from tests.support import seed
from tests.support.gateway import Served
from tests.support.world import World, account, base

LEVELS: list[dict[str, Any]] = [
    {"event": "after", "days": 3, "action": "notify", "notice": "reminder"},
    {"event": "after", "days": 10, "action": "late_fee", "amount": {"USD": "5.00"}},
    {"event": "after", "days": 20, "action": "suspend"},
]
EVERYTHING = ["dunning", "bill_packages", "generate_invoice"]


def move(world: World) -> None:
    """P-1 receives what A-1 is billed from now on."""
    world.apply({"accounts": [{"number": "A-1", "parent": "P-1", "invoicer": "parent"}]})


@pytest.fixture(params=["sqlite", "postgres"])
def world(tmp_path: Path, request: pytest.FixtureRequest, gateway: Served) -> World:
    """A-1 owes INV-007854, 20.00 USD due 21 Oct, and is invoiced through P-1, in EUR, since."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    world = World(tmp_path, clock="2020-10-05T15:00:00Z", url=url)
    owing = paying("A-1", "pm_visa", ar_term="Strict")
    world.apply(
        base(
            ar_terms=[{"name": "Strict", "payment_term": "net 20", "levels": LEVELS}],
            accounts=[account("P-1", currency="EUR"), owing],
            bill_runs=[
                bill_run("Plain"),
                bill_run("Month", actions=EVERYTHING),
                bill_run("Dunning", actions=["dunning"]),
                bill_run("Collect", actions=["collect_payment"]),
                bill_run("All", actions=["collect_payment"], collection="account_balance"),
            ],
        )
    )
    world.bill(*OCTOBER, run="Plain")
    move(world)
    return world


def levels(world: World) -> list[str]:
    return [one["level"] for one in overdue(world)["INV-007854"]["levels"]]


def status(world: World) -> str:
    found: str = world.read("account", "show", "A-1")["status"]
    return found


def test_its_old_invoice_is_dunned_and_the_fee_goes_where_it_is_billed_now(world: World) -> None:
    world.must("clock", "advance", "--to", "2020-11-01T15:00:00Z")
    preview = world.preview(*NOVEMBER, run="Month")
    world.bill(*NOVEMBER, run="Month")
    assert levels(world) == ["after 3: notify", "after 10: late_fee"]
    made = world.invoices("--account", "P-1")
    assert [one["total"] for one in made] == ["21.25"]  # (5.00 + 20.00) USD at 0.85
    assert [[line(one) for one in found["lines"]] for found in preview["invoices"]] == [
        [line(one) for one in found["lines"]] for found in made
    ]
    fees = [one for one in made[0]["lines"] if one["kind"] == "fee"]
    assert [(one["account"], one["original_amount"], one["amount"]) for one in fees] == [
        ("A-1", "5.00", "4.25")
    ]
    world.must("clock", "advance", "--to", "2020-11-10T15:00:00Z")
    world.bill(*NOVEMBER, run="Month")
    assert levels(world)[2:] == ["after 20: suspend"]
    assert (status(world), world.read("account", "show", "P-1")["status"]) == (
        "suspended",
        "active",
    )
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash")
    assert status(world) == "active"
    world.bill(*NOVEMBER, run="Month")
    assert len(lines(world)) == 3
    sound(world)


@pytest.mark.parametrize("alone", [False, True])
def test_a_run_asks_it_for_its_own_old_invoice(world: World, alone: bool) -> None:
    """Also when its new invoicer is billed alone, and no other account is near it."""
    world.must("clock", "advance", "--to", "2020-10-22T15:00:00Z")
    for _ in range(2):
        if alone:
            assert bill_account(world, "P-1", *OCTOBER, run="Collect").status == 0
        else:
            world.bill(*OCTOBER, run="Collect")
    (asked,) = world.read("payment", "list")
    assert (asked["account"], asked["amount"], asked["status"]) == ("A-1", "20.00", "succeeded")
    assert world.read("account", "balance", "A-1")["balance"] == "0.00"
    sound(world)


def test_money_recorded_while_its_invoicer_is_billed_alone_is_not_asked_for(world: World) -> None:
    """Its id lies outside the run's range of accounts, and is relied on all the same."""
    with closing(open_store(world.url)) as store:
        execution = identity.execution(identity.schedule(b"alone"), "alone")
        start, end = date.fromisoformat(NOVEMBER[0]), date.fromisoformat(NOVEMBER[1])
        event = ExecutionQueued(bill_run="All", period_start=start, period_end=end, account="P-1")
        seed.write(store, ("execution", execution, [event]))
        start_execution(store, execution)
        running = open_running(store, execution)
        cash = RecordPayment(account="A-1", amount="15.00", kind="cash")
        between = Between(store, lambda: record_payment(store, cash, "test", "1", personal_keys))
        run_chunk(cast(Store, between), running, 0)
    amounts = [one["amount"] for one in world.read("payment", "list", "--status", "pending")]
    assert amounts == ["5.00"]
