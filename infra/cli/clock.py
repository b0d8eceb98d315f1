"""Verbs over the time that schedules go by: show it, advance a sandbox's."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from aggregates.identity import text
from aggregates.refusal import Refusal
from infra.cli.options import database_option, example, json_option, workers_option
from infra.cli.times import TIME

if TYPE_CHECKING:
    from infra.composition import App


@click.command(epilog=example("billstream clock show"))
@json_option
@database_option
def show(database: str | None, as_json: bool) -> None:
    """Show the time that schedules go by, in the owner's zone."""
    from infra.cli.output import print_card, print_json
    from infra.cli.times import owner_zone
    from infra.composition import open_app

    with open_app(database) as app:
        where = owner_zone(app.store)
        now = app.now()
        sandbox = app.store.is_sandbox
    local = now.astimezone(where).isoformat(timespec="seconds")
    if as_json:
        print_json({"now": local, "time_zone": where.key, "sandbox": sandbox})
        return
    print_card(
        [
            ("now", local),
            ("UTC", now.astimezone(UTC).isoformat(timespec="seconds")),
            ("time zone", where.key),
            ("clock", "a sandbox's: moved by `clock advance`" if sandbox else "the computer's"),
        ]
    )


@click.command(epilog=example("billstream clock advance --to 2020-11-01T06:00"))
@click.option("--to", "target", type=TIME, required=True, help="Until when; local time.")
@workers_option
@json_option
@database_option
def advance(target: str, database: str | None, as_json: bool) -> int:
    """Move a sandbox's clock. Every schedule that falls due on the way fires at its own time, one
    after the other, and is billed to its end before the next.
    """
    from consumers.scheduler import run_until
    from infra.cli.fired import Fires
    from infra.cli.output import print_json, say
    from infra.cli.times import instant, owner_zone
    from infra.composition import open_app
    from infra.gateway.embedded import collect_after_run

    with open_app(database) as app:
        where = owner_zone(app.store)
        until = instant(target, where)
        _check(app, until, where)
        fires = Fires(app, where, quiet=as_json)
        fired = run_until(app.store, until, fires.execute, fires.recover)
        collect_after_run(app)
        skipped = sum(one.execution is None for one in fired)
        now = app.now().astimezone(where).isoformat(timespec="seconds")
    if as_json:
        ended = [{"id": text(id), "status": state.status} for id, state in fires.ended]
        print_json({"now": now, "executions": ended, "skipped": skipped})
    else:
        say(f"It is {now}. Executions: {len(fires.ended)}. Windows skipped: {skipped}.")
    return fires.exit_status()


def _check(app: "App", until: datetime, where: ZoneInfo) -> None:
    if not app.store.is_sandbox:
        raise Refusal(
            "not_a_sandbox",
            "this clock is the computer's and moves by itself: make a sandbox with `billstream "
            "init --sandbox --clock TIME`",
        )
    if until < app.now():
        raise Refusal(
            "clock_goes_back",
            f"it is {app.now().astimezone(where).isoformat(timespec='seconds')} already, and a "
            "clock is never set back: give a later time",
        )
