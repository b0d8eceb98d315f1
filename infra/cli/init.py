"""`billstream init`: make a database, or a sandbox whose clock only you move."""

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
@click.option("--clock", metavar="TIME", default=None, help="Where the sandbox's clock begins, UTC.")
@json_option
@database_option
def init(sandbox: bool, clock: str | None, database: str | None, as_json: bool) -> None:
    """Make a new database. Without --sandbox its clock is the computer's."""
    from commands.local_time import instant_of, parse_time, zone
    from infra.cli.output import print_json, say
    from infra.settings import settings
    from infra.store.open import open_store

    if clock is not None and not sandbox:
        raise click.UsageError("--clock is for --sandbox: another database's clock cannot be set")
    begins: datetime | None = None
    if sandbox:
        utc = zone("UTC")
        begins = datetime.now(UTC) if clock is None else parse_time(clock, utc).instant
    url = database or settings().database_url
    store = open_store(url, create=True, sandbox_clock=begins)
    store.close()
    if as_json:
        print_json({"database": url, "sandbox": sandbox})
    else:
        say(f"Made {url}" + (f", a sandbox at {begins:%Y-%m-%d %H:%M} UTC." if begins else "."))
