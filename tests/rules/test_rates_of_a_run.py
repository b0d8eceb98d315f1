"""R1: which exchange rates a bill run uses, and what has to exist before it."""

from pathlib import Path

from tests.rules.support import (
    OCTOBER,
    bill_run,
    events,
    failed,
    family,
    group,
    rates,
    refused_setup,
    show,
)
from tests.support.world import World, account, base, package

SETS = [
    rates("September", "2020-09-01", EUR="0.80"),
    rates("October 2020", "2020-10-01", EUR="0.85"),
    rates("Fifth", "2020-10-05", EUR="0.90"),
    rates("Sixth", "2020-10-06", EUR="0.95"),
]


def test_current_is_the_latest_set_effective_on_the_business_date(world: World) -> None:
    runs = [bill_run(exchange_rates="current")]
    world.apply(base(exchange_rates=SETS, accounts=family(), bill_runs=runs))
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert (invoice["exchange_rates"], invoice["total"]) == ("Fifth", "18.00")


def test_current_goes_by_the_date_in_the_owners_zone(tmp_path: Path) -> None:
    world = World(tmp_path, "2020-10-05T03:59:59Z")
    runs = [bill_run(exchange_rates="current")]
    world.apply(base(exchange_rates=SETS, accounts=family(), bill_runs=runs))
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert (invoice["exchange_rates"], invoice["total"]) == ("October 2020", "17.00")


def test_a_named_set_is_used_although_a_later_one_is_in_force(world: World) -> None:
    runs = [bill_run(exchange_rates="September")]
    world.apply(base(exchange_rates=SETS, accounts=family(), bill_runs=runs))
    world.bill(*OCTOBER)
    assert world.totals() == ["16.00"]


def test_without_a_set_in_force_only_what_needs_a_rate_fails(world: World) -> None:
    sets = [rates("Next year", "2021-01-01", EUR="0.85")]
    accounts = [*family(), account("A-2", package("a", "2020-09-01"))]
    runs = [bill_run(exchange_rates="current")]
    world.apply(base(exchange_rates=sets, accounts=accounts, bill_runs=runs))
    execution = world.bill(*OCTOBER, status=3)
    assert failed(world, execution) == [("P-1", "rate_missing")]
    assert show(world, execution)["status"] == "completed_with_failures"
    assert [invoice["account"] for invoice in world.invoices()] == ["A-2"]
    assert world.invoices()[0]["exchange_rates"] is None


def test_two_sets_with_one_effective_date_are_refused(world: World) -> None:
    world.apply(base())
    before = events(world)
    twin = base(exchange_rates=[*base()["exchange_rates"], rates("Twin", "2020-10-01", EUR="1.1")])
    assert refused_setup(world, twin) == "duplicate_effective_date"
    assert events(world) == before


def test_a_bill_run_needs_a_set_of_rates_and_a_bill_group(world: World) -> None:
    without_rates = base()
    del without_rates["exchange_rates"]
    without_group = base(bill_runs=[bill_run(bill_groups=[])])
    del without_group["bill_groups"]
    assert refused_setup(world, without_rates) == "no_exchange_rates"
    assert refused_setup(world, without_group) == "no_bill_group"


def test_what_is_in_use_cannot_be_deleted(world: World) -> None:
    world.apply(base(accounts=family()))
    at = ("--at", "2020-10-20T06:00", "--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
    world.must("bill-run", "schedule", "Default", *at)
    for words in (
        ("exchange-rates", "delete", "October 2020"),
        ("bill-group", "delete", "Default Bill Group"),
        ("package", "delete", "internet"),
        ("bill-run", "delete", "Default"),
    ):
        assert world.refused(*words) == "in_use"


def test_what_is_not_in_use_can_be_deleted(world: World) -> None:
    more = [group("Default Bill Group"), group("Spare")]
    world.apply(base(bill_groups=more, exchange_rates=SETS))
    world.must("bill-group", "delete", "Spare")
    world.must("exchange-rates", "delete", "September")
    world.must("bill-run", "delete", "Default")
    assert [found["name"] for found in world.read("bill-group", "list")] == ["Default Bill Group"]
    assert world.read("bill-run", "list") == []
