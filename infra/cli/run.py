"""`billstream run [ROLE]…` and `billstream lag`: the processes that work over Kafka."""

from typing import TYPE_CHECKING

import click

from infra.cli.options import database_option, example, reading

if TYPE_CHECKING:
    from infra.run.roles import Setup

ROLES = ("relay", "projector", "commands", "worker", "scheduler", "collector")


@click.command(
    epilog=example("billstream run", "billstream run worker --port 0", "billstream run all")
)
@click.argument("roles", nargs=-1, type=click.Choice([*ROLES, "all"]), metavar="[ROLE]…")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Where health and metrics are answered; 0: a free one. Else as BILLSTREAM_HTTP_ADDRESS.",
)
@click.option(
    "--resend-after",
    type=click.FloatRange(min=0.1, max=3600),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="Send chunks again when none was done for this long.",
)
@click.option(
    "--session-timeout",
    type=click.FloatRange(min=1, max=300),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Without a sign of life for this long, others take over.",
)
@database_option
def run(
    roles: tuple[str, ...],
    port: int | None,
    resend_after: float,
    session_timeout: float,
    database: str | None,
) -> None:
    """Work over Kafka until SIGTERM or Ctrl-C: relay (events out), projector (events into views),
    commands (commands in), worker (bills chunks), scheduler (fires schedules, sends chunks),
    collector (asks the payment gateway), or all of them in one process. What is in hand is
    finished first, within 10 seconds.
    """
    from infra.run import logs

    wanted = ROLES if not roles or "all" in roles else tuple(dict.fromkeys(roles))
    setup = _setup(database, resend_after, session_timeout)
    logs.set_up()
    _serve(setup, wanted, port)


def _setup(database: str | None, resend_after: float, session_timeout: float) -> "Setup":
    import threading

    from infra.kafka.settings import kafka_settings
    from infra.run.metrics import Metrics
    from infra.run.roles import Setup
    from infra.settings import settings

    return Setup(
        database or settings().database_url,
        kafka_settings(),
        Metrics(),
        threading.Event(),
        resend_after,
        int(session_timeout * 1000),
    )


def _serve(setup: "Setup", roles: tuple[str, ...], port: int | None) -> None:
    """Answers probes while the roles run."""
    from functools import partial

    import structlog

    from infra.cli.scheduler import Stop
    from infra.gateway.webhooks import Webhooks
    from infra.run.health import HealthServer
    from infra.run.process import Process
    from infra.run.roles import open_role
    from infra.run.watch import Watch
    from infra.settings import settings

    openings = {role: partial(open_role, role, setup) for role in roles}
    process = Process(openings, setup.metrics, setup.stop)
    host, _, default = settings().http_address.rpartition(":")
    at = int(default) if port is None else port
    stop = Stop()
    webhooks = Webhooks(setup.database, setup.metrics)
    server = HealthServer(host or "127.0.0.1", at, setup.metrics, process.health, webhooks.answer)
    watch = Watch(setup)

    def started() -> None:
        watch.start()
        structlog.get_logger().info("ready", roles=list(roles), port=server.port)

    try:
        process.run(stop, started)
    finally:
        stop.close()
        server.close()
        watch.join(2)


@click.command(epilog=example("billstream lag", "billstream lag --json"))
@reading
def lag(database: str | None, as_json: bool) -> None:
    """Show how far each consumer is behind: events it has not seen, and the age of the oldest."""
    from infra.cli.output import Column, print_json_list, print_table
    from infra.composition import open_app
    from infra.kafka.settings import kafka_settings
    from infra.run.watch import open_watch

    with open_app(database) as app:
        watching = open_watch(app.store, kafka_settings())
        try:
            found = watching.look()
        finally:
            watching.close()
    if as_json:
        print_json_list([one._asdict() for one in found])
        return
    columns = (Column("Consumer"), Column("Events", right=True), Column("Seconds", right=True))
    rows = [(one.consumer, one.events, f"{one.seconds:,.1f}") for one in found]
    print_table(columns, rows, "There are no consumers.")
