"""`billstream restore`: going on after an older database was restored."""

import click

from infra.cli.changing import Asking, changing, yes_option
from infra.cli.options import example


@click.command(epilog=example("billstream restore finish --yes"))
@yes_option
@changing
def finish(asking: Asking, yes: bool) -> None:
    """Go on from a restored database after more of its history was published. Begins a new epoch:
    everything is published again to a new generation of topics, and the next invoice has a number
    above every one that was sent. What was published and is lost stays lost.
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
    if done.lost:
        notice(f"{done.lost:,} events were published and are lost.")
