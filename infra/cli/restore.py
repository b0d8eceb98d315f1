"""`billstream restore`: going on after an older database was restored."""

import click

from infra.cli.changing import Asking, changing, yes_option
from infra.cli.options import database_option, example, json_option


@click.command(epilog=example("billstream restore finish --yes"))
@yes_option
@changing
def finish(asking: Asking, yes: bool) -> None:
    """Go on from a restored database after more of its history was published. Begins a new epoch:
    everything is published again to a new generation of topics, and the next invoice and the next
    credit note have numbers above every one that was sent. What was published and is lost stays
    lost.
    """
    from uuid import uuid4

    from commands.message import Command
    from infra.cli.output import notice, print_json, say
    from infra.composition import open_app
    from infra.kafka import restore
    from infra.kafka.settings import kafka_settings
    from infra.settings import settings

    if not yes:
        click.confirm("Begin a new epoch from this database?", abort=True)
    requested_by = asking.requested_by or settings().requested_by
    id = asking.command_id or str(uuid4())
    command = Command("finish_restore", "cli", id, {}, requested_by)
    with open_app(asking.database) as app:
        done = restore.finish(app.store, kafka_settings(), command)
        app.views.rebuild(())
    if asking.as_json:
        print_json(done._asdict())
        return
    say(f"Generation {done.generation} of topics; the next invoice number is {done.next_number}.")
    if done.next_credit_note:
        say(f"The next credit note is number {done.next_credit_note}.")
    if done.lost:
        notice(f"{done.lost:,} events were published and are lost.")
    notice("Commands of the lost time are not done again before `billstream restore commands`.")


@click.command(
    epilog=example(
        "billstream restore commands --since 2020-10-01T08:30",
        "billstream restore commands --since beginning --json",
    )
)
@click.option(
    "--since",
    required=True,
    metavar="TIME",
    help="When the backup was made, or somewhat earlier; `beginning`: all that the topic keeps.",
)
@database_option
@json_option
def commands(since: str, database: str | None, as_json: bool) -> None:
    """Let commands that were sent since a time be read again from their topic, after an older
    database was restored. What the database knows gets the same reply and changes nothing, by its
    source and id; what it has lost is done. Stop every consumer of commands before.
    """
    from infra.cli.output import print_json, say
    from infra.cli.times import TIME, instant, owner_zone
    from infra.composition import open_app
    from infra.kafka import restore
    from infra.kafka.settings import kafka_settings

    with open_app(database) as app:
        at = None
        if since != "beginning":
            at = instant(TIME.convert(since, None, None), owner_zone(app.store))
        again = restore.read_again(app.store, kafka_settings(), at)
    if as_json:
        print_json({"since": at.isoformat() if at else None, "messages": again})
    else:
        say(f"{again:,} messages will be read again, by the next `billstream run commands`.")
