"""R24: a level that collects asks for the money, once per invoice, and never beside the stage that
collects in the same run.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import NOVEMBER, OCTOBER, bill_run
from tests.rules.test_collect_payment import paying
from tests.rules.test_dunning import overdue, sound
from tests.support.gateway import Served
from tests.support.world import World, base

LEVELS: list[dict[str, Any]] = [
    {"event": "after", "days": 3, "action": "collect"},
    {"event": "after", "days": 10, "action": "late_fee", "amount": {"USD": "5.00"}},
    {"event": "after", "days": 20, "action": "suspend"},
]


def make(folder: Path, token: str = "pm_visa", url: str | None = None, **more: Any) -> World:
    """An invoice of 20.00 USD, INV-007854, due 21 Oct."""
    world = World(folder, clock="2020-10-05T15:00:00Z", url=url)
    dunned = ["dunning", "bill_packages", "generate_invoice", "collect_payment"]
    world.apply(
        base(
            ar_terms=[{"name": "Strict", "levels": LEVELS, **more}],
            accounts=[paying("A-1", token, ar_term="Strict")],
            bill_runs=[
                bill_run("Plain"),
                bill_run("Dunning", actions=["dunning"]),
                bill_run("Both", actions=["dunning", "collect_payment"]),
                bill_run("Month", actions=dunned),
            ],
        )
    )
    world.bill(*OCTOBER, run="Plain")
    return world


@pytest.fixture
def world(tmp_path: Path, gateway: Served) -> World:
    return make(tmp_path)


def on(world: World, day: str, run: str = "Dunning", period: tuple[str, str] = OCTOBER) -> str:
    world.must("clock", "advance", "--to", f"{day}T15:00:00Z")
    return world.bill(*period, run=run)


def payments(world: World) -> list[tuple[str, str, str]]:
    found = world.read("payment", "list")
    return [(one["collection"], one["amount"], one["status"]) for one in found]


def reached(world: World, number: str = "INV-007854") -> list[str]:
    return [one["level"] for one in overdue(world)[number]["levels"]]


def status(world: World) -> str:
    found: str = world.read("account", "show", "A-1")["status"]
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_level_asks_once_and_what_is_paid_is_over(
    tmp_path: Path, gateway: Served, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    world = make(tmp_path, url=url)
    on(world, "2020-10-23")
    assert payments(world) == []
    on(world, "2020-10-24")
    assert payments(world) == [("dunning", "20.00", "succeeded")]
    (payment,) = world.read("payment", "list")
    assert gateway.charged == [(payment["id"], 2000)]
    assert overdue(world) == {}
    for day in ("2020-10-24", "2020-11-01", "2020-11-20"):
        on(world, day)
    assert len(world.read("payment", "list")) == 1
    assert status(world) == "active"
    assert world.must("history", "export").out.count("dunning_level_reached") == 1
    sound(world)


def test_it_is_not_asked_for_again_by_the_stage_that_collects(
    world: World, gateway: Served
) -> None:
    seen = preview_writes_nothing(world)
    assert seen["invoices"] == []
    on(world, "2020-10-24", "Both")
    assert payments(world) == [("dunning", "20.00", "succeeded")]
    assert [amount for _, amount in gateway.charged] == [2000]
    sound(world)


def preview_writes_nothing(world: World) -> Any:
    world.must("clock", "advance", "--to", "2020-10-24T12:00:00Z")
    before = world.must("history", "export").out
    seen = world.preview(*OCTOBER, run="Both")
    assert world.must("history", "export").out == before
    return seen


def test_the_run_that_makes_the_next_invoice_asks_for_what_is_due_alone(
    world: World, gateway: Served
) -> None:
    on(world, "2020-10-24", "Month", NOVEMBER)
    assert payments(world) == [("dunning", "20.00", "succeeded")]
    assert world.read("account", "balance", "A-1")["balance"] == "20.00"
    assert reached(world, "INV-007855") == []
    sound(world)


def test_two_invoices_that_come_to_it_at_once_are_asked_for_together(
    world: World, gateway: Served
) -> None:
    world.bill(*NOVEMBER, run="Plain")
    on(world, "2020-11-24")
    assert payments(world) == [("dunning", "40.00", "succeeded")]
    assert [amount for _, amount in gateway.charged] == [4000]
    assert world.must("history", "export").out.count("dunning_level_reached") == 4
    assert overdue(world) == {}
    sound(world)


def test_what_is_declined_goes_on_to_the_next_level(tmp_path: Path, gateway: Served) -> None:
    world = make(tmp_path, "pm_declined")
    on(world, "2020-10-24")
    assert payments(world) == [("dunning", "20.00", "declined")]
    on(world, "2020-10-25")
    assert len(payments(world)) == 1, "once per invoice"
    on(world, "2020-10-31")
    assert reached(world) == ["after 3: collect", "after 10: late_fee"]
    on(world, "2020-11-10")
    assert reached(world)[2:] == ["after 20: suspend"]
    assert status(world) == "suspended"
    world.must("payment-method", "change", "A-1", "visa", "--token", "pm_good")
    world.must("payment", "collect", "--account", "A-1")
    assert payments(world)[1:] == [("balance_due", "20.00", "succeeded")]
    assert status(world) == "active"
    sound(world)


def test_what_is_declined_is_tried_again_by_the_retry_terms(
    tmp_path: Path, gateway: Served
) -> None:
    world = make(tmp_path, "pm_declined", payment_retries=[4])
    on(world, "2020-10-24", "Both")
    (first,) = world.read("payment", "list")
    assert first["retry_on"] == "2020-10-28"
    on(world, "2020-10-25", "Both")
    assert len(payments(world)) == 1, "a run does not run ahead of the terms"
    world.must("payment-method", "change", "A-1", "visa", "--token", "pm_good")
    on(world, "2020-10-28", "Both")
    assert [amount for _, amount in gateway.charged] == [2000]
    assert world.read("payment", "list")[-1]["retry_of"] == first["id"]
    on(world, "2020-11-20")
    assert status(world) == "active"
    assert overdue(world) == {}
    sound(world)


def test_a_level_waits_for_the_retry_day_of_an_earlier_decline(
    tmp_path: Path, gateway: Served
) -> None:
    """The invoice of October was declined; that of November comes to its level before the retry:
    nothing is asked for twice, and the retry asks for all that is due then.
    """
    world = make(tmp_path, "pm_declined", payment_retries=[35])
    world.bill(*NOVEMBER, run="Plain")
    on(world, "2020-10-24")
    on(world, "2020-11-24")
    assert len(payments(world)) == 1
    levels = overdue(world)["INV-007855"]["levels"]
    assert [(one["level"], one["payment"]) for one in levels] == [("after 3: collect", None)]
    world.must("payment-method", "change", "A-1", "visa", "--token", "pm_good")
    on(world, "2020-11-28")
    assert payments(world)[1:] == [("balance_due", "40.00", "succeeded")]


def test_a_level_before_the_due_date_asks_for_its_invoice(tmp_path: Path, gateway: Served) -> None:
    early = [{"event": "prior", "days": 5, "action": "collect"}]
    world = make(tmp_path, levels=early)
    world.bill(*NOVEMBER, run="Plain")
    on(world, "2020-10-15", "Both")
    assert payments(world) == []
    on(world, "2020-10-16", "Both")
    assert payments(world) == [("dunning", "20.00", "succeeded")]
    assert reached(world, "INV-007855") == []
    on(world, "2020-11-16", "Both")
    assert payments(world)[1:] == [("dunning", "20.00", "succeeded")]
    assert [amount for _, amount in gateway.charged] == [2000, 2000]
    sound(world)


def test_without_a_way_to_pay_the_level_passes(tmp_path: Path, gateway: Served) -> None:
    world = make(tmp_path)
    world.must("payment-method", "change", "A-1", "visa", "--no-auto-pay")
    on(world, "2020-10-24")
    assert payments(world) == []
    (level,) = overdue(world)["INV-007854"]["levels"]
    assert (level["action"], level["payment"]) == ("collect", None)
    on(world, "2020-11-10")
    assert status(world) == "suspended"


def test_only_what_no_money_covers_is_asked_for(world: World, gateway: Served) -> None:
    world.must("credit", "add", "A-1", "7.00")
    on(world, "2020-10-24", "Both")
    assert payments(world) == [("dunning", "13.00", "succeeded")]
    sound(world)


def test_a_payment_that_is_on_its_way_is_not_asked_for_again(
    tmp_path: Path, gateway: Served
) -> None:
    """Its outcome is not known, so the next level acts; when it comes, dunning is over."""
    world = make(tmp_path, "pm_slow")
    on(world, "2020-10-24", "Both")
    on(world, "2020-11-10", "Both")
    assert payments(world) == [("dunning", "20.00", "prepared")]
    assert status(world) == "suspended"
    gateway.settle("pi_1")
    world.must("payment", "collect")
    assert payments(world) == [("dunning", "20.00", "succeeded")]
    assert status(world) == "active"
    sound(world)
