"""R2, R5: posting dates, and where a schedule and its execution are listed."""

from pathlib import Path

import pytest

from tests.rules.support import OCTOBER, bill_account, show
from tests.support.world import World, account, base, package

PERIOD = ("--period-start", OCTOBER[0], "--period-end", OCTOBER[1])


def test_the_posting_date_is_the_business_date_in_the_owners_zone(tmp_path: Path) -> None:
    world = World(tmp_path, "2020-11-01T03:30:00Z")
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    execution = world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert show(world, execution)["business_date"] == "2020-10-31"
    assert invoice["posting_date"] == "2020-10-31"


def test_a_posting_date_that_is_given_is_kept(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    execution = world.bill(*OCTOBER, "--posting-date", "2020-09-30")
    (invoice,) = world.invoices()
    assert invoice["posting_date"] == "2020-09-30"
    assert show(world, execution)["business_date"] == "2020-10-05"


def test_bill_account_takes_a_posting_date_too(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    assert bill_account(world, "A-1", *OCTOBER, "--posting-date", "2020-10-31").status == 0
    assert [invoice["posting_date"] for invoice in world.invoices()] == ["2020-10-31"]


def test_a_schedule_waits_on_one_list_and_its_execution_ends_on_the_other(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("bill-run", "schedule", "Default", "--at", "2020-10-20T06:00", *PERIOD)
    (pending,) = world.read("bill-run", "scheduled")
    assert (pending["bill_run"], pending["status"]) == ("Default", "pending")
    assert pending["next_at"] == "2020-10-20T06:00:00-04:00"
    assert pending["billing_period"] == {"start": "2020-10-01", "end": "2020-10-31"}
    assert world.read("bill-run", "completed") == []
    world.must("clock", "advance", "--to", "2020-10-20T10:00:00Z")
    (done,) = world.read("bill-run", "completed")
    assert (done["status"], done["schedule"]) == ("completed", pending["id"])
    assert done["started_at"] == "2020-10-20T06:00:00-04:00"
    assert world.read("bill-run", "scheduled") == []
    assert world.totals() == ["20.00"]


def test_a_cancelled_schedule_never_fires(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("bill-run", "schedule", "Default", "--at", "2020-10-20T06:00", *PERIOD)
    (pending,) = world.read("bill-run", "scheduled")
    world.must("bill-run", "cancel", pending["id"])
    world.must("clock", "advance", "--to", "2020-11-20T10:00:00Z")
    assert world.read("bill-run", "completed") == []
    assert world.invoices() == []


def test_a_paused_schedule_fires_when_it_is_resumed_and_its_time_has_passed(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("bill-run", "schedule", "Default", "--at", "2020-10-20T06:00", *PERIOD)
    (pending,) = world.read("bill-run", "scheduled")
    world.must("bill-run", "pause", pending["id"])
    world.must("clock", "advance", "--to", "2020-10-25T10:00:00Z")
    (paused,) = world.read("bill-run", "scheduled")
    assert (paused["status"], world.invoices()) == ("paused", [])
    world.must("bill-run", "resume", pending["id"])
    world.must("clock", "advance", "--to", "2020-10-25T10:01:00Z")
    assert world.totals() == ["20.00"]


@pytest.mark.parametrize("time", ["2020-10-05T04:00", "2020-09-01T00:00"])
def test_a_one_time_schedule_whose_time_has_passed_fires_at_once(world: World, time: str) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("bill-run", "schedule", "Default", "--at", time, *PERIOD)
    world.must("clock", "advance", "--to", "2020-10-05T09:00:01Z")
    assert world.totals() == ["20.00"]


def test_a_recurring_schedule_bills_window_after_window(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    every = ("--every", "FREQ=MONTHLY;BYMONTHDAY=3;BYHOUR=6", "--period-start", "2020-10-04")
    world.must("bill-run", "schedule", "Default", *every)
    world.must("clock", "advance", "--to", "2021-01-05T12:00:00Z")
    found = [run["billing_period"] for run in world.read("bill-run", "completed")]
    assert sorted(found, key=lambda period: str(period["start"])) == [
        {"start": "2020-10-04", "end": "2020-11-03"},
        {"start": "2020-11-04", "end": "2020-12-03"},
        {"start": "2020-12-04", "end": "2021-01-03"},
    ]
    # Its first date, 1 October, lies before the first window: it waits for catch-up (R9).
    assert world.next_bill_date("p") == "2020-10-01"
