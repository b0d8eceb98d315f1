"""When a recurrence rule falls due (R5)."""

# ruff: noqa: DTZ001 - local times have no zone of their own

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.refusal import Refusal
from commands.local_time import instant_of, zone
from commands.recurrence import Recurrence, first_after

COMMAND = datetime(2020, 10, 15, 9, 7, 3)
"""Local time of the command that most rules here count from."""


def due(
    rule: str, most: int = 4, where: str = "America/Toronto", begins: datetime = COMMAND
) -> list[str]:
    """The local times, and the instants where the clocks change them."""
    place = zone(where)
    start = instant_of(begins, place)
    found = Recurrence(rule, begins, place).between(start, start + timedelta(days=9000), most)
    return [f"{moment.local:%Y-%m-%d %H:%M}" for moment in found]


def instants(rule: str, where: str, begins: datetime, most: int) -> list[str]:
    place = zone(where)
    start = instant_of(begins, place)
    found = Recurrence(rule, begins, place).between(start, start + timedelta(days=400), most)
    return [f"{moment.instant:%Y-%m-%d %H:%M}" for moment in found]


def test_parts_of_the_time_of_day_left_out_are_zero() -> None:
    assert due("FREQ=DAILY", 2) == ["2020-10-16 00:00", "2020-10-17 00:00"]
    assert due("FREQ=DAILY;BYHOUR=6", 1) == ["2020-10-16 06:00"]
    assert due("FREQ=HOURLY", 2) == ["2020-10-15 10:00", "2020-10-15 11:00"]


def test_only_occurrences_after_the_command_count() -> None:
    assert due("FREQ=DAILY;BYHOUR=9;BYMINUTE=7", 1) == ["2020-10-16 09:07"]
    assert due("FREQ=DAILY;BYHOUR=12;COUNT=2", 9) == ["2020-10-15 12:00", "2020-10-16 12:00"]
    assert due("FREQ=DAILY;COUNT=2", 9) == ["2020-10-16 00:00", "2020-10-17 00:00"]


def test_the_day_comes_from_the_command_when_the_rule_names_none() -> None:
    assert due("FREQ=WEEKLY", 2) == ["2020-10-22 00:00", "2020-10-29 00:00"]
    assert due("FREQ=MONTHLY", 2) == ["2020-11-15 00:00", "2020-12-15 00:00"]
    assert due("FREQ=YEARLY", 1) == ["2021-10-15 00:00"]


def test_the_interval_counts_from_the_day_of_the_command() -> None:
    assert due("FREQ=DAILY;INTERVAL=10", 2) == ["2020-10-25 00:00", "2020-11-04 00:00"]
    assert due("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", 2) == [
        "2021-01-01 00:00",
        "2021-04-01 00:00",
    ]


def test_monthly_on_the_31st_leaves_short_months_out() -> None:
    assert due("FREQ=MONTHLY;BYMONTHDAY=31") == [
        "2020-10-31 00:00",
        "2020-12-31 00:00",
        "2021-01-31 00:00",
        "2021-03-31 00:00",
    ]


def test_the_last_day_of_every_month() -> None:
    assert due("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=23", 5) == [
        "2020-10-31 23:00",
        "2020-11-30 23:00",
        "2020-12-31 23:00",
        "2021-01-31 23:00",
        "2021-02-28 23:00",
    ]


def test_the_last_working_day_of_every_month() -> None:
    assert due("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 3) == [
        "2020-10-30 00:00",
        "2020-11-30 00:00",
        "2020-12-31 00:00",
    ]


def test_a_leap_day_comes_back_after_the_year_2100() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"
    assert due(rule, 2, begins=datetime(2095, 1, 1)) == ["2096-02-29 00:00", "2104-02-29 00:00"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20201017", "2020-10-17 06:00"),
        ("20201017T060000", "2020-10-17 06:00"),
        ("20201017T055959", "2020-10-16 06:00"),
        ("20201017T100000Z", "2020-10-17 06:00"),
        ("20201017T095959Z", "2020-10-16 06:00"),
    ],
)
def test_until_is_inclusive(until: str, last: str) -> None:
    assert due(f"FREQ=DAILY;BYHOUR=6;UNTIL={until}", 9)[-1] == last


def test_dst_daily_at_half_past_two_across_the_gap_in_toronto() -> None:
    rule, begins = "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", datetime(2021, 3, 12, 12)
    assert instants(rule, "America/Toronto", begins, 3) == [
        "2021-03-13 07:30",
        "2021-03-14 07:00",  # 02:30 does not exist: the clocks go from 02:00 to 03:00
        "2021-03-15 06:30",
    ]


def test_dst_a_time_that_occurs_twice_fires_the_first_time_only() -> None:
    rule, begins = "FREQ=DAILY;BYHOUR=1;BYMINUTE=30", datetime(2020, 10, 31, 12)
    assert instants(rule, "America/Toronto", begins, 2) == ["2020-11-01 05:30", "2020-11-02 06:30"]


def test_dst_in_london() -> None:
    rule = "FREQ=DAILY;BYHOUR=1;BYMINUTE=30"
    assert instants(rule, "Europe/London", datetime(2021, 3, 27, 12), 2) == [
        "2021-03-28 01:00",
        "2021-03-29 00:30",
    ]
    assert instants(rule, "Europe/London", datetime(2020, 10, 24, 12), 2) == [
        "2020-10-25 00:30",
        "2020-10-26 01:30",
    ]


def test_dst_on_lord_howe_island_moves_the_clocks_by_half_an_hour() -> None:
    gap = "FREQ=DAILY;BYHOUR=2;BYMINUTE=15"
    assert instants(gap, "Australia/Lord_Howe", datetime(2020, 10, 3, 12), 2) == [
        "2020-10-03 15:30",  # 02:15 does not exist: 02:00 becomes 02:30
        "2020-10-04 15:15",
    ]
    twice = "FREQ=DAILY;BYHOUR=1;BYMINUTE=45"
    assert instants(twice, "Australia/Lord_Howe", datetime(2021, 4, 3, 12), 2) == [
        "2021-04-03 14:45",
        "2021-04-04 15:15",
    ]


def test_dst_an_hourly_rule_does_not_fire_twice_in_the_repeated_hour() -> None:
    place = zone("America/Toronto")
    recurrence = Recurrence("FREQ=HOURLY", datetime(2020, 10, 31), place)
    found = recurrence.between(
        datetime(2020, 11, 1, 4, 30, tzinfo=UTC), datetime(2020, 11, 1, 8, tzinfo=UTC)
    )
    assert [f"{moment.instant:%H:%M}" for moment in found] == ["05:00", "07:00", "08:00"]


def test_a_search_from_the_repeated_hour_finds_what_comes_next() -> None:
    place = zone("America/Toronto")
    recurrence = Recurrence("FREQ=DAILY;BYHOUR=1;BYMINUTE=45", datetime(2020, 10, 1), place)
    found = recurrence.after(datetime(2020, 11, 1, 6, 30, tzinfo=UTC))  # the second 01:30
    assert found is not None
    assert found.local == datetime(2020, 11, 2, 1, 45)


def test_r5_the_latest_of_those_missed() -> None:
    place = zone("Europe/London")
    recurrence = Recurrence("FREQ=DAILY", COMMAND, place)
    first = recurrence.after(instant_of(COMMAND, place))
    assert first is not None
    latest = recurrence.latest(first, datetime(2021, 1, 1, 15, tzinfo=UTC))
    assert latest.local == datetime(2021, 1, 1)
    assert recurrence.latest(first, first.instant) == first


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=HOURLY;COUNT=10000;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=DAILY;COUNT=0",
        "FREQ=YEARLY;INTERVAL=100",
        "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=9",
    ],
)
def test_a_rule_that_never_fires_is_refused(rule: str) -> None:
    place = zone("America/Toronto")
    with pytest.raises(Refusal) as caught:
        first_after(rule, COMMAND, instant_of(COMMAND, place), place)
    assert caught.value.code == "recurrence_never_fires"


FREQUENT = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")


@settings(max_examples=150, deadline=None)
@given(
    frequency=st.sampled_from(FREQUENT),
    interval=st.integers(1, 9),
    hour=st.sampled_from(["", ";BYHOUR=2", ";BYHOUR=2,14;BYMINUTE=30"]),
    days=st.sampled_from(["", ";BYDAY=MO,SU", ";WKST=SU;BYDAY=TU"]),
    away=st.integers(0, 900),
)
def test_a_search_far_from_the_command_finds_what_counting_from_it_finds(
    frequency: str, interval: int, hour: str, days: str, away: int
) -> None:
    rule = f"FREQ={frequency};INTERVAL={interval}{hour}{days}"
    after = COMMAND + timedelta(days=away)
    try:
        counted = rrulestr(rule, dtstart=datetime(2020, 10, 15)).after(after)
    except ValueError:  # never fires: every third hour from midnight, at two
        counted = None
    found = Recurrence(rule, COMMAND, zone("UTC")).after(after.replace(tzinfo=UTC))
    assert (found.local if found else None) == counted
