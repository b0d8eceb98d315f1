"""Complaints 1, 2 and 9: the same thing invoiced or enqueued twice."""

from datetime import date, timedelta

from tests.rules.half_way import half_way, many
from tests.rules.support import OCTOBER, owner, show
from tests.support.world import World, account, base, package

HOURLY = ("--every", "FREQ=HOURLY;BYMINUTE=0", "--period-start", "2020-10-01")


def periods(world: World) -> list[tuple[str, str]]:
    """The service periods of all lines, in order."""
    return sorted(
        (row["service_period"]["start"], row["service_period"]["end"])
        for invoice in world.invoices()
        for row in invoice["lines"]
    )


def test_pain_01_an_hourly_job_makes_one_invoice_for_a_monthly_package(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("bill-run", "schedule", "Default", *HOURLY)
    world.must("clock", "advance", "--to", "2020-10-07T09:30:00Z")
    assert len(world.read("bill-run", "completed")) >= 2
    assert world.totals() == ["20.00"]


def test_pain_01_a_job_that_died_in_the_middle_is_started_again(world: World) -> None:
    world.apply(many(220))
    half_way(world, *OCTOBER, chunks=1)
    for _ in range(2):
        period = ("--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
        world.must("bill-run", "schedule", "Default", "--now", *period)
    assert world.totals() == ["20.00"] * 220
    world.must("verify")


def test_pain_01_a_click_repeated_is_one_invoice(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    for _ in range(5):
        world.bill(*OCTOBER)
    assert world.totals() == ["20.00"]


def test_pain_02_moving_the_owner_to_another_time_zone_neither_overlaps_nor_skips(
    world: World,
) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-10-01"))]))
    for clock, zone in (
        ("2020-11-01T02:00:00Z", "America/Toronto"),
        ("2020-11-01T16:00:00Z", "Asia/Tokyo"),
        ("2020-12-01T09:30:00Z", "Pacific/Pago_Pago"),
        ("2021-01-01T09:30:00Z", "Pacific/Kiritimati"),
    ):
        world.must("clock", "advance", "--to", clock)
        world.apply(base(owner=owner(time_zone=zone)))
        world.bill("2020-10-01", "2021-01-01")
    assert periods(world) == [
        ("2020-10-01", "2020-11-01"),
        ("2020-11-01", "2020-12-01"),
        ("2020-12-01", "2021-01-01"),
    ]


def test_pain_02_a_run_near_midnight_bills_by_the_date_of_the_owner(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.must("clock", "advance", "--to", "2020-11-01T03:59:00Z")
    before = world.bill(*OCTOBER)
    world.must("clock", "advance", "--to", "2020-11-01T04:00:00Z")
    after = world.bill(*OCTOBER)
    assert [show(world, id)["business_date"] for id in (before, after)] == [
        "2020-10-31",
        "2020-11-01",
    ]
    assert world.totals() == ["20.00"]


def test_pain_09_occurrences_missed_while_nothing_ran_fire_once(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    daily = ("--every", "FREQ=DAILY;BYHOUR=6", "--period-start", "2020-10-01")
    world.must("bill-run", "schedule", "Default", *daily)
    world.must("clock", "advance", "--to", "2020-10-25T12:00:00Z")
    windows = [run["billing_period"] for run in world.read("bill-run", "completed")]
    days: list[date] = []
    for window in windows:
        day, end = date.fromisoformat(window["start"]), date.fromisoformat(window["end"])
        while day <= end:
            days.append(day)
            day += timedelta(days=1)
    assert sorted(days) == [date(2020, 10, 1) + timedelta(days=n) for n in range(25)]
    assert world.totals() == ["20.00"]


def test_pain_09_the_same_request_enqueued_twice_is_one_execution(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    at = ("--at", "2020-10-06T06:00", "--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
    for _ in range(3):
        world.must("bill-run", "schedule", "Default", *at, "--command-id", "october")
    assert len(world.read("bill-run", "scheduled")) == 1
    world.must("clock", "advance", "--to", "2020-10-07T06:00:00Z")
    assert len(world.read("bill-run", "completed")) == 1
    assert world.totals() == ["20.00"]
