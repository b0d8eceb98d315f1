"""R6, R9, R14: a running execution that is cancelled or taken up again tells the truth."""

import pytest

from tests.rules.half_way import go_on, half_way, many
from tests.rules.support import NOVEMBER, OCTOBER, left, show
from tests.support.world import World, account

ACCOUNTS = 220


@pytest.fixture
def crowd(world: World) -> World:
    world.apply(many(ACCOUNTS))
    return world


def test_what_was_billed_stays_billed_and_is_counted(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    crowd.must("execution", "cancel", execution)
    found = show(crowd, execution)
    billed = len(crowd.invoices())
    assert 0 < billed < ACCOUNTS
    assert found["status"] == "cancelled"
    assert (found["packages_billed"], found["cycles_billed"]) == (billed, billed)
    assert found["invoices_generated"] == billed
    assert found["totals"] == {"USD": f"{billed * 20}.00"}
    assert found["completed_at"] is not None
    dates = [row["next_bill_date"] for row in crowd.read("account-package", "list")]
    assert dates.count("2020-11-01") == billed
    assert dates.count("2020-10-01") == ACCOUNTS - billed
    crowd.must("verify")


def test_what_was_not_reached_is_listed_as_such(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    crowd.must("execution", "cancel", execution)
    reasons = left(crowd, execution)
    billed = {row["account_package"] for found in crowd.invoices() for row in found["lines"]}
    assert set(reasons.values()) == {"not_reached"}
    assert set(reasons) == {f"p{n:03}" for n in range(ACCOUNTS)} - billed
    assert show(crowd, execution)["left_behind"] == len(reasons)


def test_nothing_commits_after_the_cancel(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    crowd.must("execution", "cancel", execution)
    before = crowd.totals()
    for chunk in (1, 2):
        assert not go_on(crowd, execution, chunk)
    assert crowd.totals() == before
    assert crowd.refused("execution", "resume", execution) == "execution_finished"
    assert crowd.refused("execution", "cancel", execution) == "execution_finished"


def test_a_later_run_bills_what_was_not_reached_and_only_that(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    crowd.must("execution", "cancel", execution)
    billed = len(crowd.invoices())
    later = crowd.bill(*OCTOBER)
    assert show(crowd, later)["packages_billed"] == ACCOUNTS - billed
    assert crowd.totals() == ["20.00"] * ACCOUNTS
    crowd.must("verify")


def test_a_cancel_before_anything_was_billed(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=0)
    crowd.must("execution", "cancel", execution)
    found = show(crowd, execution)
    assert (found["status"], found["cycles_billed"], found["left_behind"]) == (
        "cancelled",
        0,
        ACCOUNTS,
    )
    assert crowd.invoices() == []


def test_a_cancelled_execution_is_on_the_completed_list(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    assert crowd.read("bill-run", "completed") == []
    crowd.must("execution", "cancel", execution)
    (found,) = crowd.read("bill-run", "completed")
    assert (found["id"], found["status"]) == (execution, "cancelled")


def test_what_is_not_due_is_not_listed_as_not_reached(world: World) -> None:
    setup = many(ACCOUNTS)
    later = many(2, "2020-12-01")["accounts"]
    for number, found in enumerate(later):
        found["number"] = f"Z-{number}"
        found["packages"][0]["id"] = f"z{number}"
    world.apply({**setup, "accounts": [*setup["accounts"], *later]})
    execution = half_way(world, *OCTOBER, chunks=0)
    world.must("execution", "cancel", execution)
    assert show(world, execution)["left_behind"] == ACCOUNTS


def test_one_whose_process_died_is_finished_without_billing_twice(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=2)
    crowd.must("execution", "resume", execution)
    found = show(crowd, execution)
    assert (found["status"], found["packages_billed"]) == ("completed", ACCOUNTS)
    assert crowd.totals() == ["20.00"] * ACCOUNTS
    assert crowd.read("execution", "replay", execution)["same"] is True


def test_the_next_run_first_finishes_what_a_dead_process_left(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    period = ("--period-start", NOVEMBER[0], "--period-end", NOVEMBER[1])
    crowd.must("bill-run", "schedule", "Default", "--now", *period)
    assert show(crowd, execution)["status"] == "completed"
    assert show(crowd, execution)["packages_billed"] == ACCOUNTS
    assert len(crowd.totals()) == 2 * ACCOUNTS


def test_the_business_date_is_kept_when_a_run_is_taken_up_later(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    crowd.must("clock", "advance", "--to", "2020-10-09T09:00:00Z")
    assert show(crowd, execution)["business_date"] == "2020-10-05"
    assert {found["posting_date"] for found in crowd.invoices()} == {"2020-10-05"}
    assert show(crowd, execution)["status"] == "completed"


def test_numbers_have_no_gap_across_a_cancelled_run(crowd: World) -> None:
    crowd.must("execution", "cancel", half_way(crowd, *OCTOBER, chunks=1))
    crowd.bill(*OCTOBER)
    numbers = [found["number"] for found in crowd.invoices()]
    assert numbers == [f"INV-{7854 + n:06}" for n in range(ACCOUNTS)]


def test_prices_changed_meanwhile_do_not_make_one_run_bill_two_prices(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    cheaper = [{**many(0)["packages"][0], "prices": {"USD": "1.00"}, "prices_from": "2020-09-01"}]
    setup = many(0, packages=cheaper)
    del setup["accounts"]
    crowd.apply(setup)
    crowd.must("execution", "resume", execution)
    assert set(crowd.totals()) == {"20.00"}
    assert crowd.read("execution", "replay", execution)["same"] is True


def test_two_executions_over_the_same_accounts_at_once(crowd: World) -> None:
    first = half_way(crowd, *OCTOBER, chunks=1, id="first")
    second = half_way(crowd, *OCTOBER, chunks=1, id="second")
    crowd.must("execution", "resume", first)
    crowd.must("execution", "resume", second)
    found = [show(crowd, id) for id in (first, second)]
    assert sum(run["cycles_billed"] for run in found) == ACCOUNTS
    assert {run["status"] for run in found} == {"completed"}
    assert crowd.totals() == ["20.00"] * ACCOUNTS
    assert [crowd.read("execution", "replay", id)["same"] for id in (first, second)] == [True] * 2


def test_an_account_that_joins_a_family_still_to_come_is_not_billed_twice(crowd: World) -> None:
    execution = half_way(crowd, *OCTOBER, chunks=1)
    billed = {found["account"] for found in crowd.invoices()}
    waiting = min({f"A-{n:03}" for n in range(ACCOUNTS)} - billed)
    crowd.apply({"accounts": [account(min(billed), invoicer=waiting)]})
    crowd.must("execution", "resume", execution)
    assert show(crowd, execution)["packages_billed"] == ACCOUNTS
    assert crowd.totals() == ["20.00"] * ACCOUNTS
    assert crowd.read("execution", "replay", execution)["same"] is True


@pytest.mark.parametrize("end", ["resume", "cancel"])
def test_what_was_billed_before_its_account_moved_is_not_billed_again(
    world: World, end: str
) -> None:
    """Two cycles an execution, and one list of what stays due, however often it comes by (R8)."""
    world.apply(many(ACCOUNTS, effective="2020-06-01"))
    execution = half_way(world, *OCTOBER, chunks=1, catch_up="2")
    billed = {found["account"] for found in world.invoices()}
    waiting = min({f"A-{n:03}" for n in range(ACCOUNTS)} - billed)
    world.apply({"accounts": [account(min(billed), invoicer=waiting)]})
    world.must("execution", end, execution)
    found = show(world, execution)
    reached = ACCOUNTS if end == "resume" else len(billed)
    assert (found["packages_billed"], found["cycles_billed"]) == (reached, 2 * reached)
    listed = [one["account"] for one in world.read("execution", "left-behind", execution)]
    assert sorted(listed) == [f"A-{n:03}" for n in range(ACCOUNTS)]
    assert world.read("execution", "replay", execution)["same"] is True
    world.must("verify")


def test_an_account_that_slips_into_a_part_already_billed_is_listed(world: World) -> None:
    world.apply(many(220))
    execution = half_way(world, *OCTOBER, chunks=1)
    billed = {found["account"] for found in world.invoices()}
    moved = min({f"A-{n:03}" for n in range(220)} - billed)
    world.apply({"accounts": [account(moved, invoicer=min(billed))]})
    world.must("execution", "resume", execution)
    found = show(world, execution)
    assert (found["packages_billed"], found["left_behind"]) == (219, 1)
    (left,) = world.read("execution", "left-behind", execution)
    assert (left["account"], left["reason"]) == (moved, "not_reached")
    world.must("verify")
