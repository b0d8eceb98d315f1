"""Complaints 3, 4 and 5: summer time, the ends of months, and periods that were missed."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import left, lines, owner, show, sold
from tests.support.world import World, account, base, package


def fired(world: World) -> list[tuple[str, dict[str, Any]]]:
    """When the executions of a world started, and their windows, in order."""
    found = world.read("bill-run", "completed")
    return sorted((run["started_at"], run["billing_period"]) for run in found)


def test_pain_03_a_time_that_does_not_exist_fires_after_the_gap_once(tmp_path: Path) -> None:
    world = World(tmp_path, "2021-03-13T12:00:00Z")
    world.apply(base(accounts=[account("A-1", package("p", "2021-02-14"), bill_day=14)]))
    daily = ("--every", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "--period-start", "2021-03-13")
    world.must("bill-run", "schedule", "Default", *daily)
    world.must("clock", "advance", "--to", "2021-03-15T12:00:00Z")
    assert fired(world) == [
        ("2021-03-14T03:00:00-04:00", {"start": "2021-03-13", "end": "2021-03-14"}),
        ("2021-03-15T02:30:00-04:00", {"start": "2021-03-15", "end": "2021-03-15"}),
    ]
    assert world.totals() == ["20.00"]


def test_pain_03_a_time_that_occurs_twice_fires_the_first_time_only(tmp_path: Path) -> None:
    world = World(tmp_path, "2021-11-06T12:00:00Z")
    world.apply(base(accounts=[account("A-1", package("p", "2021-10-07"), bill_day=7)]))
    daily = ("--every", "FREQ=DAILY;BYHOUR=1;BYMINUTE=30", "--period-start", "2021-11-06")
    world.must("bill-run", "schedule", "Default", *daily)
    world.must("clock", "advance", "--to", "2021-11-08T12:00:00Z")
    assert fired(world) == [
        ("2021-11-07T01:30:00-04:00", {"start": "2021-11-06", "end": "2021-11-07"}),
        ("2021-11-08T01:30:00-05:00", {"start": "2021-11-08", "end": "2021-11-08"}),
    ]
    assert world.totals() == ["20.00"]


@pytest.mark.parametrize("zone", ["America/Toronto", "Europe/Berlin", "Pacific/Apia", "UTC"])
def test_pain_03_days_are_counted_alike_in_every_zone(world: World, zone: str) -> None:
    packages = [sold("line", "31.00"), sold("daily", "1.00", frequency="daily")]
    held = [package("p", "2020-10-04", "line"), package("d", "2020-10-31", "daily")]
    setup = base(packages=packages, accounts=[account("A-1", *held)])
    world.apply({**setup, "owner": owner(time_zone=zone)})
    world.bill("2020-11-01", "2020-11-03", "--catch-up", "all")
    assert lines(world) == [
        ("d", "recurring", "2020-10-31", "2020-11-01", 1, "1.00"),
        ("d", "recurring", "2020-11-01", "2020-11-02", 1, "1.00"),
        ("d", "recurring", "2020-11-02", "2020-11-03", 1, "1.00"),
        ("p", "stub", "2020-10-04", "2020-11-01", 28, "28.00"),
    ]


def test_pain_04_a_bill_day_of_31_never_drifts_and_never_stops(tmp_path: Path) -> None:
    world = World(tmp_path, "2023-01-31T12:00:00Z")
    world.apply(base(accounts=[account("A-1", package("p", "2023-01-31"), bill_day=31)]))
    dates: list[str | None] = []
    for _ in range(14):
        world.bill("2023-01-01", "2024-12-31")
        dates.append(world.next_bill_date("p"))
    assert dates == [
        "2023-03-31",
        "2023-04-30",
        "2023-05-31",
        "2023-06-30",
        "2023-07-31",
        "2023-08-31",
        "2023-09-30",
        "2023-10-31",
        "2023-11-30",
        "2023-12-31",
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
    ]
    found = lines(world)
    assert found[0][2:4] == ("2023-01-31", "2023-02-28")
    ends = [row[3] for row in found]
    assert [row[2] for row in found[1:]] == ends[:-1]
    assert set(world.totals()) == {"20.00"}


def test_pain_04_a_leap_day_comes_back_every_fourth_year(world: World) -> None:
    packages = [sold("yearly", "100.00", frequency="annual", billing="advance")]
    held = account("A-1", package("p", "2020-02-29", "yearly"), bill_day=31)
    world.apply(base(packages=packages, accounts=[held]))
    world.bill("2020-01-01", "2024-12-31", "--catch-up", "all")
    starts = [row[2] for row in lines(world)]
    assert starts == ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"]


@pytest.mark.parametrize(
    ("catch_up", "cycles", "next_bill_date", "reason"),
    [
        ("one", 0, "2020-07-01", "before_period"),
        ("2", 2, "2020-09-01", "more_cycles"),
        ("all", 4, "2020-11-01", None),
    ],
)
def test_pain_05_what_was_missed_is_billed_as_far_as_was_asked_for_and_never_silently(
    world: World, catch_up: str, cycles: int, next_bill_date: str, reason: str | None
) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-06-01"))]))
    execution = world.bill("2020-10-01", "2020-10-31", "--catch-up", catch_up)
    assert show(world, execution)["cycles_billed"] == cycles
    assert world.next_bill_date("p") == next_bill_date
    assert left(world, execution).get("p") == reason


def test_pain_05_what_was_missed_can_be_forgiven(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-06-01"))]))
    world.must("account-package", "suspend", "p", "--as-of", "2020-06-01", "--until", "2020-10-01")
    world.bill("2020-10-01", "2020-11-30", "--catch-up", "all")
    assert lines(world) == [("p", "recurring", "2020-10-01", "2020-11-01", 31, "20.00")]


def test_pain_05_a_schedule_that_was_down_for_months_bills_the_whole_window(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-10-01"))]))
    monthly = ("--every", "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6", "--period-start", "2020-10-05")
    world.must("bill-run", "schedule", "Default", *monthly, "--catch-up", "all")
    (schedule,) = world.read("bill-run", "scheduled")
    world.must("bill-run", "pause", schedule["id"])
    world.must("clock", "advance", "--to", "2021-01-15T12:00:00Z")
    world.must("bill-run", "resume", schedule["id"])
    world.must("clock", "advance", "--to", "2021-02-01T12:00:00Z")
    assert world.totals() == ["80.00"]
    assert world.next_bill_date("p") == "2021-03-01"
