"""Local time across changes of the clocks (R5, design decision 22)."""

# ruff: noqa: DTZ001 - local times have no zone of their own

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.refusal import Refusal
from commands.local_time import business_date, instant_of, local_of, parse_time, zone

TORONTO = zone("America/Toronto")


@pytest.mark.parametrize(
    ("where", "local", "instant"),
    [
        ("America/Toronto", "2021-03-14T01:59:59", "2021-03-14T06:59:59Z"),
        ("America/Toronto", "2021-03-14T02:00:00", "2021-03-14T07:00:00Z"),
        ("America/Toronto", "2021-03-14T02:30:00", "2021-03-14T07:00:00Z"),
        ("America/Toronto", "2021-03-14T03:00:00", "2021-03-14T07:00:00Z"),
        ("Europe/London", "2021-03-28T01:15:00", "2021-03-28T01:00:00Z"),
        ("Europe/London", "2021-03-28T02:00:00", "2021-03-28T01:00:00Z"),
        ("Australia/Lord_Howe", "2020-10-04T02:15:00", "2020-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2020-10-04T02:30:00", "2020-10-03T15:30:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-30T10:00:00Z"),
    ],
)
def test_r5_a_time_that_does_not_exist_is_the_first_instant_after_the_gap(
    where: str, local: str, instant: str
) -> None:
    found = instant_of(datetime.fromisoformat(local), zone(where))
    assert found == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("where", "local", "instant"),
    [
        ("America/Toronto", "2020-11-01T01:30:00", "2020-11-01T05:30:00Z"),
        ("Europe/London", "2020-10-25T01:30:00", "2020-10-25T00:30:00Z"),
        ("Australia/Lord_Howe", "2021-04-04T01:45:00", "2021-04-03T14:45:00Z"),
    ],
)
def test_r5_a_time_that_occurs_twice_is_meant_the_first_time(
    where: str, local: str, instant: str
) -> None:
    found = instant_of(datetime.fromisoformat(local), zone(where))
    assert found == datetime.fromisoformat(instant)


@given(
    st.sampled_from(["America/Toronto", "Europe/London", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)),
    st.integers(0, 10_000),
)
def test_later_on_the_clock_is_never_earlier_in_time(
    name: str, local: datetime, seconds: int
) -> None:
    where = zone(name)
    first = local.replace(microsecond=0)
    second = datetime.fromtimestamp(first.replace(tzinfo=UTC).timestamp() + seconds, UTC)
    assert instant_of(first, where) <= instant_of(second.replace(tzinfo=None), where)
    assert local_of(instant_of(first, where), where) >= first


def test_the_business_date_is_the_date_in_the_owners_zone() -> None:
    assert business_date(datetime(2020, 11, 1, 3, 59, tzinfo=UTC), TORONTO) == date(2020, 10, 31)


def test_a_time_without_offset_is_local() -> None:
    found = parse_time("2020-10-31T06:00", TORONTO)
    assert found.local == datetime(2020, 10, 31, 6)
    assert found.instant == datetime(2020, 10, 31, 10, tzinfo=UTC)


def test_a_time_with_offset_is_an_instant_even_in_the_repeated_hour() -> None:
    found = parse_time("2020-11-01T06:30:00Z", TORONTO)
    assert found.local == datetime(2020, 11, 1, 1, 30)
    assert found.instant == datetime(2020, 11, 1, 6, 30, tzinfo=UTC)


def test_a_date_alone_is_its_midnight() -> None:
    assert parse_time("2020-10-31", TORONTO).local == datetime(2020, 10, 31)


@pytest.mark.parametrize(
    "written", ["", "soon", "2020-02-30T06:00", "2020-10-31T25:00", "0001-01-01", "9999-12-31"]
)
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_time(written, TORONTO)
    assert caught.value.code == "time_invalid"


@pytest.mark.parametrize("name", ["", "..", "../zones", "Nowhere/City", "America", "tzdata.zi"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        zone(name)
    assert caught.value.code == "time_zone_unknown"
