"""Watching an execution that other processes run, until its end."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId, parse, text
from aggregates.refusal import Refusal
from infra.cli.options import example, reading

if TYPE_CHECKING:
    from commands.store import Store
    from infra.composition import App

LOOK_AGAIN = 0.5
"""Seconds between two looks at what another process is doing, or at a sandbox's clock."""


@click.command("watch", epilog=example("billstream execution watch 3f2a91c0"))
@click.argument("execution")
@reading
def watch_execution(execution: str, database: str | None, as_json: bool) -> int:
    """Watch EXECUTION, which other processes run, until it has ended, and show how it did. Ctrl-C
    ends the watching, not the run.
    """
    from infra.cli.looking import Look, execution_id
    from infra.cli.outcome import show_outcome
    from infra.cli.running import exit_status
    from infra.composition import open_app

    with open_app(database) as app:
        stream = parse(execution_id(Look(app), execution))
        state = follow(app, stream, lambda: _is_left(app, stream))
        show_outcome(app, stream, as_json)
        return exit_status(state)


def follow(
    app: "App", execution: StreamId, is_left: Callable[[], bool] = lambda: False
) -> ExecutionState:
    """Waits for the end of an execution that others run, and until views show it. Refused when it
    turns out that nobody does.
    """

    def ended() -> bool:
        state = state_of(app.store, execution)
        return state is not None and state.status in FINISHED

    watch(app.store, execution, lambda: ended() or is_left())
    state = state_of(app.store, execution)
    if state is None or state.status not in FINISHED:
        raise _nobody(execution)
    wait_for_views(app)
    return state


def watch(store: "Store", execution: StreamId, over: Callable[[], bool]) -> None:
    """Shows how far an execution is until `over`, where somebody looks."""
    from consumers.remaining import Remaining
    from infra.cli.run_progress import is_watched, run_progress

    chunks = 0
    while not chunks and not over():
        state = state_of(store, execution)
        chunks = 0 if state is None else state.chunks
        if not chunks:
            time.sleep(LOOK_AGAIN)
    remaining = Remaining(store, execution) if is_watched(chunks) else None
    with run_progress(chunks) as show:
        while not over():
            if remaining is not None:
                remaining.look()
                show(remaining.tally)
            time.sleep(LOOK_AGAIN)


def state_of(store: "Store", execution: StreamId) -> ExecutionState | None:
    with store.snapshot() as reading:
        found = reading.get("execution", execution)
    return None if found is None else found.state


def wait_for_views(app: "App") -> None:
    """Until views show all of history: where a projector brings them along, they come after."""
    from infra.cli.output import notice

    app.views.catch_up()
    if not app.views.wait_for(app.store.head.position):
        notice("views stand still before the end of it: see that `billstream run` projects")


def _is_left(app: "App", execution: StreamId) -> bool:
    """Without Kafka some process has to live that runs it; with it, workers come and go."""
    from infra.settings import settings

    return not settings().kafka_bootstrap_servers and not app.store.is_alive(execution)


def _nobody(execution: StreamId) -> Refusal:
    written = text(execution)
    return Refusal(
        "execution_left",
        f"no process runs execution {written}: finish it with `billstream execution resume "
        f"{written[:8]}`",
        execution=written,
    )
