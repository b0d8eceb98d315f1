"""R7, R8, R9: what is due, how far a package may catch up, and what is left behind why."""

import pytest

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    family,
    left,
    lines,
    rates,
    show,
    sold,
)
from tests.support.world import World, account, base, package


def behind(world: World) -> None:
    """A package whose next bill date is 1 July 2020."""
    world.apply(base(accounts=[account("A-1", package("p", "2020-06-01"))]))
    assert world.next_bill_date("p") == "2020-07-01"


@pytest.mark.parametrize(
    ("start", "end", "billed"),
    [
        ("2020-10-01", "2020-10-01", True),
        ("2020-09-01", "2020-10-01", True),
        ("2020-10-01", "2020-11-30", True),
        ("2020-09-01", "2020-09-30", False),
        ("2020-10-02", "2020-10-31", False),
    ],
)
def test_a_package_is_due_on_both_ends_of_the_period(
    world: World, start: str, end: str, billed: bool
) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    execution = world.bill(start, end)
    assert show(world, execution)["packages_billed"] == int(billed)
    assert world.next_bill_date("p") == ("2020-11-01" if billed else "2020-10-01")


def test_one_leaves_behind_what_lies_before_the_period(world: World) -> None:
    behind(world)
    execution = world.bill(*OCTOBER)
    (row,) = world.read("execution", "left-behind", execution)
    assert row == {
        "account_package": "p",
        "account": "A-1",
        "next_bill_date": "2020-07-01",
        "reason": "before_period",
    }
    assert (show(world, execution)["left_behind"], world.invoices()) == (1, [])
    assert show(world, execution)["status"] == "completed"
    assert world.next_bill_date("p") == "2020-07-01"


def test_one_leaves_behind_the_further_cycles_of_the_period(world: World) -> None:
    behind(world)
    execution = world.bill("2020-07-01", "2020-10-31")
    (row,) = world.read("execution", "left-behind", execution)
    assert (row["reason"], row["next_bill_date"]) == ("more_cycles", "2020-08-01")
    assert lines(world) == [("p", "recurring", "2020-06-01", "2020-07-01", 30, "20.00")]


def test_all_bills_each_missed_cycle_as_a_charge_of_its_own_oldest_first(world: World) -> None:
    behind(world)
    execution = world.bill(*OCTOBER, "--catch-up", "all")
    assert lines(world) == [
        ("p", "recurring", "2020-06-01", "2020-07-01", 30, "20.00"),
        ("p", "recurring", "2020-07-01", "2020-08-01", 31, "20.00"),
        ("p", "recurring", "2020-08-01", "2020-09-01", 31, "20.00"),
        ("p", "recurring", "2020-09-01", "2020-10-01", 30, "20.00"),
    ]
    found = show(world, execution)
    assert (found["packages_billed"], found["cycles_billed"], found["left_behind"]) == (1, 4, 0)
    assert found["invoices_generated"] == 1
    assert world.next_bill_date("p") == "2020-11-01"


@pytest.mark.parametrize(("cap", "next_bill_date"), [("1", "2020-08-01"), ("3", "2020-10-01")])
def test_a_cap_bills_so_many_cycles_and_lists_the_rest(
    world: World, cap: str, next_bill_date: str
) -> None:
    behind(world)
    execution = world.bill(*OCTOBER, "--catch-up", cap)
    assert show(world, execution)["cycles_billed"] == int(cap)
    assert world.next_bill_date("p") == next_bill_date
    assert left(world, execution) == {"p": "more_cycles"}


def test_a_cap_that_suffices_leaves_nothing_behind(world: World) -> None:
    behind(world)
    execution = world.bill(*OCTOBER, "--catch-up", "4")
    assert left(world, execution) == {}
    assert world.next_bill_date("p") == "2020-11-01"


def test_a_cycle_without_a_charged_day_counts_and_makes_no_line(world: World) -> None:
    behind(world)
    world.must("account-package", "suspend", "p", "--as-of", "2020-07-01", "--until", "2020-09-01")
    execution = world.bill(*OCTOBER, "--catch-up", "3")
    assert show(world, execution)["cycles_billed"] == 3
    assert lines(world) == [("p", "recurring", "2020-06-01", "2020-07-01", 30, "20.00")]
    assert world.next_bill_date("p") == "2020-10-01"
    assert left(world, execution) == {"p": "more_cycles"}


def test_what_fails_is_left_behind_as_failed(world: World) -> None:
    sets = [rates("October 2020", "2020-10-01")]
    world.apply(base(exchange_rates=sets, accounts=family()))
    execution = world.bill(*OCTOBER, status=3)
    assert left(world, execution) == {"c": "failed"}
    assert show(world, execution)["left_behind"] == 1
    assert world.next_bill_date("c") == "2020-10-01"


def test_what_a_suspended_account_holds_is_left_behind_as_such(world: World) -> None:
    accounts = [
        account("A-1", package("p", "2020-09-01"), package("q", "2020-10-15"), status="suspended")
    ]
    world.apply(base(accounts=accounts))
    execution = world.bill(*OCTOBER)
    assert left(world, execution) == {"p": "account_suspended"}
    assert (world.next_bill_date("p"), world.invoices()) == ("2020-10-01", [])


def test_what_is_not_yet_due_is_neither_billed_nor_listed(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-10-20"))]))
    execution = world.bill(*OCTOBER, "--catch-up", "all")
    assert (left(world, execution), world.invoices()) == ({}, [])


def test_a_run_that_does_not_bill_packages_leaves_none_behind(world: World) -> None:
    behind(world)
    run = {**base()["bill_runs"][0], "actions": ["generate_invoice"]}
    world.apply(base(bill_runs=[run]))
    execution = world.bill(*OCTOBER)
    assert left(world, execution) == {}


def test_the_nth_date_comes_from_the_anchor_not_from_the_last_date(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-12-31"), bill_day=31)]
    world.apply(base(accounts=accounts))
    dates = [world.next_bill_date("p")]
    for _ in range(5):
        world.bill("2021-01-01", "2021-12-31")
        dates.append(world.next_bill_date("p"))
    assert dates == [
        "2021-01-31",
        "2021-02-28",
        "2021-03-31",
        "2021-04-30",
        "2021-05-31",
        "2021-06-30",
    ]


def test_a_weekly_package_catches_up_week_by_week(world: World) -> None:
    packages = [sold("papers", "7.00", frequency="weekly")]
    accounts = [account("A-1", package("p", "2020-10-06", "papers"))]
    world.apply(base(packages=packages, accounts=accounts))
    world.bill(*OCTOBER, "--catch-up", "all")
    assert lines(world) == [
        ("p", "recurring", "2020-10-06", "2020-10-13", 7, "7.00"),
        ("p", "recurring", "2020-10-13", "2020-10-20", 7, "7.00"),
        ("p", "recurring", "2020-10-20", "2020-10-27", 7, "7.00"),
    ]
    assert world.next_bill_date("p") == "2020-11-03"


def test_migrated_days_are_not_caught_up(world: World) -> None:
    held = package("p", "2019-01-01", billed_to="2020-10-01")
    world.apply(base(accounts=[account("A-1", held)]))
    assert world.next_bill_date("p") == "2020-11-01"
    execution = world.bill(*NOVEMBER, "--catch-up", "all")
    assert lines(world) == [("p", "recurring", "2020-10-01", "2020-11-01", 31, "20.00")]
    assert left(world, execution) == {}
