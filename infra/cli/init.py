"""`billstream init`: make a database, or a sandbox whose clock only you move."""

from contextlib import closing
from datetime import UTC, datetime

import click

from infra.cli.options import database_option, example, json_option


@click.command(
    epilog=example(
        "billstream init",
        "billstream init --sandbox --clock 2020-10-01T09:00 --database sqlite:///try.db",
    )
)
@click.option("--sandbox", is_flag=True, help="Give it a clock of its own, for trying things out.")
@click.option(
    "--clock",
    metavar="TIME",
    default=None,
    help="Where the sandbox's clock begins (UTC); else now.",
)
@click.option("--if-missing", is_flag=True, help="Leave one that is there as it is.")
@json_option
@database_option
def init(
    sandbox: bool, clock: str | None, if_missing: bool, database: str | None, as_json: bool
) -> None:
    """Make a new database. Without --sandbox its clock is the computer's."""
    from infra.cli.output import print_json, say
    from infra.settings import settings
    from infra.store.open import exists, is_there, open_store

    if clock is not None and not sandbox:
        raise click.UsageError("--clock is for --sandbox: another database's clock cannot be set")
    begins = _begins(clock) if sandbox else None
    url = database or settings().database_url
    there = is_there(url)
    if there and if_missing:
        begins = None  # what is there stays as it is
    with closing(open_store(url, create=True, sandbox_clock=begins)) as made:
        shown = url if url.startswith("sqlite:") else made.url
        is_sandbox = made.is_sandbox
    if there and not if_missing:
        raise exists(url)
    if there:
        if as_json:
            print_json({"database": shown, "sandbox": is_sandbox, "made": False})
        else:
            say(f"{shown} is there.")
        return
    if as_json:
        clock_at = begins.isoformat() if begins else None
        print_json({"database": shown, "sandbox": sandbox, "clock": clock_at})
    else:
        say(f"Made {shown}" + (f", a sandbox at {begins:%Y-%m-%d %H:%M} UTC." if begins else "."))


def _begins(clock: str | None) -> datetime:
    """Where the clock begins; a time that does not exist is wrong usage."""
    from aggregates.refusal import Refusal
    from commands.local_time import parse_time, zone

    if clock is None:
        return datetime.now(UTC)
    try:
        return parse_time(clock, zone("UTC")).instant
    except Refusal as refusal:
        raise click.BadParameter(refusal.sentence, param_hint="--clock") from None
