"""Dunning in a run (R24): each level once, caught up; fees go on the run's own invoice."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import NOVEMBER, OCTOBER, bill_run, failed, left
from tests.support.world import World, account, base, package

EVERYTHING = ["dunning", "bill_packages", "generate_invoice"]

LEVELS: list[dict[str, Any]] = [
    {"event": "prior", "days": 5, "action": "notify", "notice": "reminder"},
    {"event": "on", "action": "notify", "notice": "due today"},
    {"event": "after", "days": 10, "action": "late_fee", "amount": {"USD": "5.00"}},
    {"event": "after", "days": 20, "action": "late_fee_percent", "percent": "10"},
    {"event": "after", "days": 30, "action": "suspend"},
]


def term(name: str = "Strict", **more: Any) -> dict[str, Any]:
    return {"name": name, "payment_term": "net 20", "levels": LEVELS, **more}


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """An invoice of 20.00 USD, dated 1 Oct and due 21 Oct, and nothing else to bill in October."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    runs = [
        bill_run("Default", actions=EVERYTHING),
        bill_run("Plain"),
        bill_run("Dunning", actions=["dunning"]),
        bill_run("Invoice", actions=["dunning", "generate_invoice"]),
    ]
    more = getattr(request, "param", {})
    world.apply(
        base(
            ar_terms=[term(**more)],
            accounts=[account("A-1", package("a", "2020-09-01"), ar_term="Strict")],
            bill_runs=runs,
        )
    )
    world.bill(*OCTOBER, run="Plain")
    return world


def on(world: World, day: str, run: str = "Dunning", period: tuple[str, str] = OCTOBER) -> str:
    """The run on a day."""
    world.must("clock", "advance", "--to", f"{day}T15:00:00Z")
    return world.bill(*period, run=run)


def levels(world: World, number: str = "INV-007854") -> list[str]:
    """The levels reached, with their days, in their order."""
    return [f"{one['on']} {one['level']}" for one in overdue(world)[number]["levels"]]


def overdue(world: World) -> dict[str, Any]:
    return {one["number"]: one for one in world.read("invoice", "overdue", "--all")}


def sound(world: World, *executions: str) -> None:
    """The history is whole, and every run is computed again to the byte."""
    world.must("verify")
    for found in world.read("bill-run", "completed"):
        world.must("execution", "replay", found["id"])


def test_every_level_acts_once_on_its_day(world: World) -> None:
    for day in ("15", "16", "17", "21", "22", "31"):
        on(world, f"2020-10-{day}")
    on(world, "2020-11-10")
    assert levels(world) == [
        "2020-10-16 prior 5: notify",
        "2020-10-21 on: notify",
        "2020-10-31 after 10: late_fee",
        "2020-11-10 after 20: late_fee_percent",
    ]
    on(world, "2020-11-10")
    assert len(levels(world)) == 4
    sound(world)


def test_missed_days_are_caught_up_oldest_first_and_a_prior_level_lapses(world: World) -> None:
    on(world, "2020-11-21")
    assert levels(world) == [
        "2020-11-21 on: notify",
        "2020-11-21 after 10: late_fee",
        "2020-11-21 after 20: late_fee_percent",
        "2020-11-21 after 30: suspend",
    ]
    sound(world)


def test_fees_go_on_the_invoice_of_the_run_and_are_explained(world: World) -> None:
    on(world, "2020-11-10", "Default", NOVEMBER)
    (_, second) = world.invoices()
    fees = [line for line in second["lines"] if line["kind"] == "fee"]
    assert sorted((line["amount"], line["service"]) for line in fees) == [
        ("2.00", "late-fee"),
        ("5.00", "late-fee"),
    ]
    assert second["total"] == "27.00"
    told = [one["because"] for one in world.read("explain", second["number"])["lines"]]
    fixed, percent = sorted(text for text in told if "AR term Strict" in text)
    assert fixed.startswith("invoice INV-007854, due 2020-10-21: after 10: late_fee; a fixed late")
    assert "after 20: late_fee_percent; 10 % of 20.00 USD, rounded half up" in percent
    sound(world)


def test_a_fee_of_a_run_that_makes_no_invoice_waits_for_the_next(world: World) -> None:
    on(world, "2020-10-31")
    world.bill(*OCTOBER, run="Invoice")
    assert world.totals() == ["20.00", "5.00"]
    sound(world)


def test_a_preview_says_the_same_and_writes_nothing(world: World) -> None:
    world.must("clock", "advance", "--to", "2020-11-10T15:00:00Z")
    before = world.must("history", "export").out
    seen = world.preview(*NOVEMBER)
    assert world.must("history", "export").out == before
    world.bill(*NOVEMBER)
    lines = world.invoices()[-1]["lines"]
    assert seen["invoices"][0]["lines"] == lines
    assert seen["invoices"][0]["total"] == "27.00"


def test_a_late_fee_bears_no_late_fee(world: World) -> None:
    """The second invoice holds 5.00 of late fee, which no level charges for again, and an invoice
    of late fees alone is warned about but costs nothing more.
    """
    on(world, "2020-10-31", "Invoice")
    on(world, "2020-11-30")
    on(world, "2021-03-01")
    fees = [name for name in reached_fees(world) if name[1]]
    assert fees == [("after 10: late_fee", "5.00"), ("after 20: late_fee_percent", "2.00")]
    assert [one.split(" ", 1)[1] for one in levels(world, "INV-007855")] == [
        "on: notify",
        "after 10: late_fee",
        "after 20: late_fee_percent",
        "after 30: suspend",
    ]
    sound(world)


def reached_fees(world: World) -> list[tuple[str, str | None]]:
    return [
        (level["level"], level["fee"])
        for one in overdue(world).values()
        for level in one["levels"]
        if level["fee"] is not None
    ]


def test_a_suspension_stops_the_charges_of_the_same_run(world: World) -> None:
    execution = on(world, "2020-11-20", "Default", NOVEMBER)
    assert world.read("account", "show", "A-1")["status"] == "suspended"
    assert left(world, execution) == {"a": "account_suspended"}
    assert world.next_bill_date("a") == "2020-11-01"
    assert world.totals() == ["20.00", "7.00"]
    sound(world)


@pytest.mark.parametrize("world", [{"minimum_overdue": {"USD": "20.01"}}], indirect=True)
def test_nothing_happens_below_the_minimum_overdue(world: World) -> None:
    on(world, "2020-10-31")
    assert levels(world) == []
    on(world, "2020-10-31", "Plain", NOVEMBER)
    on(world, "2020-11-22")
    assert levels(world)[0] == "2020-11-22 on: notify"


@pytest.mark.parametrize("world", [{"minimum_overdue": {"EUR": "99.00"}}], indirect=True)
def test_a_minimum_is_one_of_a_currency(world: World) -> None:
    on(world, "2020-10-22")
    assert levels(world) == ["2020-10-22 on: notify"]


@pytest.mark.parametrize("world", [{"payment_term": "net 3"}], indirect=True)
def test_the_ar_term_gives_the_payment_term_else_the_group(world: World) -> None:
    assert world.invoices()[0]["due_date"] == "2020-10-04"
    world.apply({"ar_terms": [{"name": "Strict", "payment_term": None}]})
    world.bill(*NOVEMBER, run="Plain")
    assert world.invoices()[1]["due_date"] == "2020-11-21"


def test_the_operator_takes_a_suspension_back_and_it_is_not_done_twice(world: World) -> None:
    on(world, "2020-11-20")
    world.apply({"accounts": [{"number": "A-1", "status": "active"}]})
    on(world, "2020-11-21")
    assert world.read("account", "show", "A-1")["status"] == "active"


def test_an_account_without_an_ar_term_is_not_dunned(world: World) -> None:
    world.apply({"accounts": [{"number": "A-1", "ar_term": None}]})
    on(world, "2020-11-20")
    assert levels(world) == []


def test_a_late_fee_missing_in_the_currency_fails_the_invoicer(tmp_path: Path) -> None:
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    both = [LEVELS[2] | {"amount": {"USD": "5.00", "EUR": "4.00"}}]
    euros = account("A-1", package("a", "2020-09-01"), currency="EUR", ar_term="Strict")
    runs = [bill_run("Plain"), bill_run("Dunning", actions=["dunning"])]
    world.apply(base(ar_terms=[term(levels=both)], accounts=[euros], bill_runs=runs))
    world.bill(*OCTOBER, run="Plain")
    world.apply({"ar_terms": [term(levels=[LEVELS[2]])]})
    world.must("clock", "advance", "--to", "2020-11-20T15:00:00Z")
    execution = world.bill(*OCTOBER, run="Dunning", status=3)
    assert failed(world, execution) == [("A-1", "late_fee_missing")]
    assert levels(world) == []
    sound(world)


def test_the_invoicer_is_dunned_and_not_whom_it_pays_for(tmp_path: Path) -> None:
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    child = account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent")
    parent = account("P-1", package("p", "2020-09-01"), ar_term="Strict")
    world.apply(
        base(ar_terms=[term()], accounts=[parent, child], bill_runs=[bill_run(actions=EVERYTHING)])
    )
    world.bill(*OCTOBER)
    execution = on(world, "2020-11-20", "Default", NOVEMBER)
    status = {one["number"]: one["status"] for one in world.read("account", "list")}
    assert status == {"P-1": "suspended", "C-1": "active"}
    assert left(world, execution) == {"p": "account_suspended"}
    sound(world)


def test_payment_in_full_ends_it_and_takes_the_suspension_back(world: World) -> None:
    on(world, "2020-11-20")
    assert world.read("account", "show", "A-1")["status"] == "suspended"
    pay(world, "19.99")
    assert world.read("account", "show", "A-1")["status"] == "suspended"
    pay(world, "0.01")
    assert world.read("account", "show", "A-1")["status"] == "active"
    assert overdue(world) == {}
    on(world, "2021-03-01")
    assert world.read("account", "show", "A-1")["status"] == "active"
    sound(world)


def test_a_payment_before_the_due_date_leaves_nothing_to_remind_of(world: World) -> None:
    pay(world, "20.00")
    on(world, "2020-11-20")
    assert "dunning_level_reached" not in world.must("history", "export").out


def test_percentages_are_of_what_is_still_open(world: World) -> None:
    pay(world, "15.00")
    on(world, "2020-11-10")
    assert reached_fees(world) == [
        ("after 10: late_fee", "5.00"),
        ("after 20: late_fee_percent", "0.50"),
    ]


def pay(world: World, amount: str) -> None:
    world.must("payment", "record", "A-1", amount, "--kind", "cash")


def test_voiding_what_is_overdue_takes_the_suspension_back(world: World) -> None:
    on(world, "2020-11-20")
    world.must("invoice", "void", "INV-007854", "--yes")
    assert world.read("account", "show", "A-1")["status"] == "active"
    sound(world)


def test_a_late_fee_on_the_first_of_many_pages_bears_no_late_fee_either(tmp_path: Path) -> None:
    """The invoice as it stands knows of fees on every page of its lines, as its history does."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    services = [
        {"code": f"s-{n:03}", "name": f"Service {n}", "prices": {"USD": "1.00"}, "gl_code": "4000"}
        for n in range(301)
    ]
    bundle = {"code": "bundle", "name": "Bundle", "frequency": "monthly", "services": services}
    world.apply(
        base(
            ar_terms=[term()],
            packages=[bundle],
            accounts=[account("A-1", package("b", "2020-09-01", "bundle"), ar_term="Strict")],
            bill_runs=[bill_run("Default", actions=EVERYTHING)],
        )
    )
    world.bill(*OCTOBER)
    on(world, "2020-11-05", run="Default", period=NOVEMBER)
    assert world.read("invoice", "show", "INV-007855")["total"] == "306.00"
    sound(world)
