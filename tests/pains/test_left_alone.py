"""Complaints 6, 7, 11 and 15: accounts dropped silently, frozen, or stuck; one bad one."""

from typing import Any

from tests.rules.half_way import half_way, many
from tests.rules.support import (
    OCTOBER,
    failed,
    family,
    left,
    rates,
    show,
)
from tests.support.world import World, account, base, package

NO_RATE = [rates("October 2020", "2020-10-01")]


def due(world: World, end: str) -> set[str]:
    """The account-packages with a next bill date up to a day."""
    rows = world.read("account-package", "list")
    return {row["id"] for row in rows if row["next_bill_date"] and row["next_bill_date"] <= end}


def assorted() -> list[dict[str, Any]]:
    return [
        *family(),
        account("A-1", package("a", "2020-09-01")),
        account("A-2", package("b", "2020-03-01")),
        account("A-3", package("d", "2020-09-01"), status="suspended"),
        account("A-4", package("e", "2020-10-02")),
        account("A-5", package("f", "2020-09-01", cancel="2020-09-01")),
    ]


def test_pain_06_whoever_was_due_is_billed_or_listed_with_a_reason(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=assorted()))
    was_due = due(world, "2020-10-31")
    execution = world.bill(*OCTOBER, status=3)
    reasons = left(world, execution)
    billed = {row["account_package"] for found in world.invoices() for row in found["lines"]}
    assert was_due == billed | set(reasons)
    assert not billed & set(reasons)
    assert due(world, "2020-10-31") == set(reasons)
    assert reasons == {"c": "failed", "b": "before_period", "d": "account_suspended"}


def test_pain_06_a_run_that_leaves_someone_behind_tells_people_so(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=assorted()))
    period = ("--now", "--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
    told = world.must("bill-run", "schedule", "Default", *period, status=3).out
    assert "left behind" in told
    assert "execution failures" in told


def test_pain_07_one_bad_account_among_hundreds_costs_nobody_else_an_invoice(
    world: World,
) -> None:
    setup = many(235, exchange_rates=NO_RATE)
    setup["accounts"] += family()
    world.apply(setup)
    execution = world.bill(*OCTOBER, status=3)
    assert len(world.totals()) == 235
    assert failed(world, execution) == [("P-1", "rate_missing")]
    numbers = [found["number"] for found in world.invoices()]
    assert numbers == [f"INV-{7854 + n:06}" for n in range(235)]


def test_pain_11_an_account_that_failed_is_free_again_when_its_cause_is_gone(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=family()))
    execution = world.bill(*OCTOBER, status=3)
    (failure,) = world.read("execution", "failures", execution)
    assert "EUR" in failure["message"]
    assert "October 2020" in failure["message"]
    world.apply(base())
    command = failure["retry"].split()
    assert command[:3] == ["billstream", "execution", "retry"]
    world.must(*command[1:])
    assert world.totals() == ["17.00"]
    world.must("clock", "advance", "--to", "2020-11-05T12:00:00Z")
    world.bill("2020-11-01", "2020-11-30")
    assert world.totals() == ["17.00", "17.00"]


def test_pain_11_a_refusal_says_what_to_do(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    answer = world.ask("package", "delete", "internet")
    assert answer.status == 1
    assert answer.err.startswith("error: in_use: ")
    assert answer.err.count("\n") == 1


def test_pain_15_a_run_that_stands_still_is_seen_and_finished_by_one_command(
    world: World,
) -> None:
    world.apply(many(220))
    execution = half_way(world, *OCTOBER, chunks=1)
    assert show(world, execution)["status"] == "running"
    assert all(found["status"] == "posted" for found in world.invoices())
    assert all(found["number"] for found in world.invoices())
    world.must("execution", "resume", execution)
    assert show(world, execution)["status"] == "completed"
    assert len(world.totals()) == 220
