"""R14: nothing is charged twice, whatever is asked for twice."""

from tests.rules.support import (
    OCTOBER,
    SEPTEMBER,
    bill_account,
    lines,
    show,
)
from tests.support.world import World, account, base, package

NOW = ("bill-run", "schedule", "Default", "--now")
PERIOD = ("--period-start", OCTOBER[0], "--period-end", OCTOBER[1])


def one(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))


def test_the_same_schedule_twice_charges_once(world: World) -> None:
    one(world)
    world.bill(*OCTOBER)
    again = world.bill(*OCTOBER)
    assert (show(world, again)["cycles_billed"], world.totals()) == (0, ["20.00"])


def test_the_same_command_twice_is_one_execution_and_the_same_answer(world: World) -> None:
    one(world)
    first = world.must(*NOW, *PERIOD, "--command-id", "october", "--json").json
    second = world.must(*NOW, *PERIOD, "--command-id", "october", "--json").json
    assert first == second
    assert len(world.read("bill-run", "completed")) == 1
    assert world.totals() == ["20.00"]


def test_one_command_id_with_another_body_is_refused(world: World) -> None:
    one(world)
    world.must(*NOW, *PERIOD, "--command-id", "october")
    other = ("--period-start", "2020-11-01", "--period-end", "2020-11-30")
    assert world.refused(*NOW, *other, "--command-id", "october") == "command_id_reused"
    assert world.totals() == ["20.00"]


def test_a_repeated_change_of_a_package_changes_nothing(world: World) -> None:
    one(world)
    words = ("account-package", "set-price", "p", "9.00", "--as-of", "2020-09-01")
    world.must(*words, "--command-id", "cheaper")
    world.must("account-package", "set-price", "p", "8.00", "--as-of", "2020-09-01")
    world.must(*words, "--command-id", "cheaper")
    world.bill(*OCTOBER)
    assert world.totals() == ["8.00"]


def test_two_runs_over_one_period(world: World) -> None:
    run = base()["bill_runs"][0]
    runs = [run, {**run, "name": "Twin"}]
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=runs))
    world.bill(*OCTOBER)
    twin = world.bill(*OCTOBER, run="Twin")
    assert (show(world, twin)["cycles_billed"], world.totals()) == (0, ["20.00"])


def test_periods_that_overlap_charge_a_cycle_once(world: World) -> None:
    one(world)
    world.bill(SEPTEMBER[0], "2020-10-15")
    world.bill(*OCTOBER)
    assert lines(world) == [("p", "recurring", "2020-09-01", "2020-10-01", 30, "20.00")]


def test_a_later_execution_bills_the_next_cycle_of_the_period(world: World) -> None:
    one(world)
    for _ in range(4):
        world.bill("2020-10-01", "2020-12-31")
    assert [row[3] for row in lines(world)] == ["2020-10-01", "2020-11-01", "2020-12-01"]


def test_one_account_and_the_whole_run_do_not_charge_twice(world: World) -> None:
    one(world)
    assert bill_account(world, "A-1", *OCTOBER).status == 0
    world.bill(*OCTOBER)
    assert bill_account(world, "A-1", *OCTOBER).status == 0
    assert world.totals() == ["20.00"]


def test_a_finished_execution_cannot_be_resumed_or_cancelled(world: World) -> None:
    one(world)
    execution = world.bill(*OCTOBER)
    assert world.refused("execution", "resume", execution) == "execution_finished"
    assert world.refused("execution", "cancel", execution) == "execution_finished"
    assert world.totals() == ["20.00"]


def test_applying_a_setup_twice_charges_nobody_twice(world: World) -> None:
    one(world)
    world.bill(*OCTOBER)
    one(world)
    world.bill(*OCTOBER)
    assert world.next_bill_date("p") == "2020-11-01"
    assert world.totals() == ["20.00"]


def test_a_replay_gives_every_event_again(world: World) -> None:
    one(world)
    execution = world.bill("2020-10-01", "2020-12-31", "--catch-up", "all")
    world.must("account-package", "set-price", "p", "99.00", "--as-of", "2020-09-01")
    assert world.read("execution", "replay", execution)["same"] is True
