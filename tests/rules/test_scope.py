"""R3: which accounts a run considers, and what billing one account means."""

from typing import Any

from tests.rules.support import (
    GROUP,
    NOVEMBER,
    OCTOBER,
    bill_account,
    bill_run,
    events,
    failed,
    family,
    group,
    left,
    rates,
    show,
    three_runs,
)
from tests.support.world import World, account, base, package


def child(number: str, ref: str, **more: Any) -> dict[str, Any]:
    return account(number, package(ref, "2020-09-01"), parent="P-1", invoicer="parent", **more)


def household() -> list[dict[str, Any]]:
    """A parent with a package of its own and two children under it, and a stranger."""
    return [
        account("P-1", package("p", "2020-09-01")),
        child("C-1", "c1"),
        child("C-2", "c2"),
        account("Z-9", package("z", "2020-09-01")),
    ]


def refs(world: World) -> list[list[str]]:
    """The account-packages on each invoice."""
    return sorted([row["account_package"] for row in found["lines"]] for found in world.invoices())


def test_only_accounts_of_the_runs_groups_are_billed(world: World) -> None:
    groups = [group(), group("Other")]
    accounts = [
        account("A-1", package("a", "2020-09-01")),
        account("B-1", package("b", "2020-09-01"), bill_group="Other"),
    ]
    runs = [bill_run(), bill_run("Both", bill_groups=[GROUP, "Other"])]
    world.apply(base(bill_groups=groups, accounts=accounts, bill_runs=runs))
    execution = world.bill(*OCTOBER)
    assert (refs(world), left(world, execution)) == ([["a"]], {})
    world.bill(*OCTOBER, run="Both")
    assert refs(world) == [["a"], ["b"]]


def test_an_excluded_account_is_left_alone_and_not_listed(world: World) -> None:
    accounts = [
        account("A-1", package("a", "2020-09-01")),
        account("A-2", package("b", "2020-07-01")),
    ]
    world.apply(base(bill_groups=[group(exclude=["A-2"])], accounts=accounts))
    execution = world.bill(*OCTOBER)
    assert (refs(world), left(world, execution)) == ([["a"]], {})
    assert show(world, execution)["left_behind"] == 0
    assert world.next_bill_date("b") == "2020-08-01"


def test_an_excluded_account_that_could_not_be_billed_is_no_failure(world: World) -> None:
    runs = [bill_run(exchange_rates="Next year")]
    sets = [rates("Next year", "2021-01-01")]
    excluding = [group(exclude=["P-1"])]
    world.apply(base(accounts=family(), bill_runs=runs, exchange_rates=sets, bill_groups=excluding))
    assert failed(world, world.bill(*OCTOBER)) == []
    world.apply(base(bill_runs=runs, exchange_rates=sets, bill_groups=[group(exclude=[])]))
    assert failed(world, world.bill(*OCTOBER, status=3)) == [("P-1", "rate_missing")]


def test_excluding_an_invoicer_excludes_everyone_it_bills_for(world: World) -> None:
    world.apply(base(bill_groups=[group(exclude=["P-1"])], accounts=household()))
    execution = world.bill(*OCTOBER)
    assert (refs(world), left(world, execution)) == ([["z"]], {})
    assert [world.next_bill_date(ref) for ref in ("p", "c1", "c2")] == ["2020-10-01"] * 3


def test_excluding_one_of_a_family_leaves_the_others(world: World) -> None:
    world.apply(base(bill_groups=[group(exclude=["C-1"])], accounts=household()))
    execution = world.bill(*OCTOBER)
    assert (refs(world), left(world, execution)) == ([["c2", "p"], ["z"]], {})
    assert world.next_bill_date("c1") == "2020-10-01"


def test_what_waits_on_an_excluded_account_keeps_waiting(world: World) -> None:
    world.apply(base(accounts=household(), bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.apply(base(bill_groups=[group(exclude=["C-1"])], bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Invoice")
    assert refs(world) == [["c2", "p"], ["z"]]
    world.apply(base(bill_groups=[group(exclude=[])], bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Invoice")
    assert refs(world) == [["c1"], ["c2", "p"], ["z"]]


def test_bill_account_ignores_exclusions_altogether(world: World) -> None:
    world.apply(base(bill_groups=[group(exclude=["P-1", "C-1"])], accounts=household()))
    assert bill_account(world, "P-1", *OCTOBER).status == 0
    assert refs(world) == [["c1", "c2", "p"]]


def test_bill_account_of_an_excluded_member(world: World) -> None:
    world.apply(base(bill_groups=[group(exclude=["P-1", "C-1"])], accounts=household()))
    assert bill_account(world, "C-1", *OCTOBER).status == 0
    assert refs(world) == [["c1"]]
    assert world.invoices()[0]["account"] == "P-1"


def test_bill_account_takes_what_waits_on_excluded_accounts_of_the_family(world: World) -> None:
    world.apply(base(accounts=household(), bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.apply(base(bill_groups=[group(exclude=["C-2"])], bill_runs=three_runs()))
    assert bill_account(world, "C-1", *OCTOBER).status == 0
    assert refs(world) == [["c1", "c2", "p"]]


def test_bill_account_refuses_one_outside_the_runs_groups(world: World) -> None:
    groups = [group(), group("Other")]
    accounts = [account("B-1", package("b", "2020-09-01"), bill_group="Other")]
    world.apply(base(bill_groups=groups, accounts=accounts))
    before = events(world)
    answer = bill_account(world, "B-1", *OCTOBER)
    assert answer.status == 1
    assert answer.err.startswith("error: account_not_in_bill_run:")
    assert (events(world), world.next_bill_date("b")) == (before, "2020-10-01")


def test_bill_account_of_an_unknown_account_is_refused(world: World) -> None:
    world.apply(base())
    answer = bill_account(world, "NOBODY", *OCTOBER)
    assert (answer.status, answer.err.split(":")[1].strip()) == (1, "account_unknown")


def test_bill_account_of_an_invoicer_bills_its_family_and_nobody_else(world: World) -> None:
    world.apply(base(accounts=household()))
    assert bill_account(world, "P-1", *OCTOBER).status == 0
    assert refs(world) == [["c1", "c2", "p"]]
    assert world.next_bill_date("z") == "2020-10-01"


def test_bill_account_of_a_member_charges_it_alone(world: World) -> None:
    world.apply(base(accounts=household()))
    assert bill_account(world, "C-2", *OCTOBER).status == 0
    assert refs(world) == [["c2"]]
    assert [world.next_bill_date(ref) for ref in ("p", "c1", "c2")] == [
        "2020-10-01",
        "2020-10-01",
        "2020-11-01",
    ]


def test_the_invoice_of_one_account_takes_everything_that_waits_under_the_invoicer(
    world: World,
) -> None:
    world.apply(base(accounts=household(), bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    assert bill_account(world, "C-2", *NOVEMBER).status == 0
    (invoice,) = world.invoices()
    dates = [(row["account_package"], row["service_period"]["end"]) for row in invoice["lines"]]
    assert dates == [
        ("c1", "2020-10-01"),
        ("c2", "2020-10-01"),
        ("c2", "2020-11-01"),
        ("p", "2020-10-01"),
    ]
    assert invoice["total"] == "80.00"


def test_what_one_account_left_behind_is_its_own(world: World) -> None:
    accounts = [*household(), account("A-0", package("old", "2020-05-01"))]
    world.apply(base(accounts=accounts))
    assert bill_account(world, "C-1", *NOVEMBER).status == 0
    (execution,) = world.read("bill-run", "completed")
    assert left(world, execution["id"]) == {"c1": "before_period"}
