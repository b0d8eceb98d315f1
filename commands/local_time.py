"""Local time in the owner's zone, with the time zone data the program ships (design decision 22).

The computer's own zone files are never read: two machines must agree on when a schedule fires.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from aggregates.refusal import Refusal
from aggregates.schedule import Occurrence

_SECOND = timedelta(seconds=1)
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


@cache
def zone(name: str) -> ZoneInfo:
    """An IANA time zone by its exact name; refused with `time_zone_unknown`."""
    parts = name.split("/")
    source = files("tzdata").joinpath("zoneinfo", *parts)
    plain = all(part.strip(".") and "\\" not in part for part in parts)
    try:
        if not plain:
            raise FileNotFoundError(name)
        with source.open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError):
        raise Refusal(
            "time_zone_unknown",
            f"there is no time zone {name!r}: use an IANA name such as America/Toronto",
            time_zone=name,
        ) from None


def local_of(instant: datetime, where: ZoneInfo) -> datetime:
    """What the clocks on the wall show, to the second."""
    return instant.astimezone(where).replace(tzinfo=None, fold=0, microsecond=0)


def instant_of(local: datetime, where: ZoneInfo) -> datetime:
    """When a local time is. One that occurs twice is meant the first time; one that the clocks
    skip is the first instant after the gap (R5).
    """
    before = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if before.astimezone(where).replace(tzinfo=None) == local:
        return before
    low, high = local.replace(tzinfo=where, fold=1).astimezone(UTC), before
    old = low.astimezone(where).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(where).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def occurrence(local: datetime, where: ZoneInfo) -> Occurrence:
    """A local time with the instant it means."""
    return Occurrence(local=local, instant=instant_of(local, where))


def business_date(instant: datetime, where: ZoneInfo) -> date:
    """The date in the owner's zone."""
    return instant.astimezone(where).date()


def parse_time(written: str, where: ZoneInfo) -> Occurrence:
    """A TIME as people write it: ISO 8601, local time in the zone unless it has an offset; a date
    alone is its midnight. Refused with `time_invalid`.
    """
    try:
        value = datetime.fromisoformat(written.strip()).replace(microsecond=0)
    except ValueError:
        raise _not_a_time(written) from None
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise _not_a_time(written)
    if value.tzinfo is None:
        return occurrence(value, where)
    instant = value.astimezone(UTC)
    return Occurrence(local=local_of(instant, where), instant=instant)


def _not_a_time(written: str) -> Refusal:
    return Refusal(
        "time_invalid",
        f"{written!r} is not a date and time: write it like 2020-10-31T06:00, with an offset such "
        "as -04:00 or Z if it is not local time",
        time=written,
    )
