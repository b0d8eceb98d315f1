"""A TIME on the command line: ISO 8601, the owner's local time unless it has an offset."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from aggregates.identity import owner
from aggregates.refusal import Refusal

if TYPE_CHECKING:
    from commands.store import Store


class Time(click.ParamType[str]):
    """Text that is a time; which one it is depends on the owner's zone. A time that does not
    exist, such as 30 February, is wrong usage.
    """

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        from commands.local_time import parse_time, zone

        try:
            parse_time(str(value), zone("UTC"))
        except Refusal as refusal:
            self.fail(refusal.sentence, param, ctx)
        return str(value)


TIME = Time()


def owner_zone(store: "Store") -> ZoneInfo:
    """The owner's time zone; UTC before there is an owner."""
    from commands.local_time import zone

    with store.snapshot() as reading:
        found = reading.get("owner", owner())
    return zone(found.state.time_zone if found else "UTC")


def instant(written: str, where: ZoneInfo) -> datetime:
    """The instant a TIME means in the zone, in UTC."""
    from commands.local_time import parse_time

    return parse_time(written, where).instant.astimezone(UTC)
