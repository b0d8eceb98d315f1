"""`billstream scheduler`: stays in the foreground and fires schedules as they fall due."""

import os
import select
import signal
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from infra.cli.options import database_option, example, workers_option

if TYPE_CHECKING:
    from aggregates.execution import ExecutionState
    from aggregates.identity import StreamId
    from infra.composition import App


class Stopped(Exception):
    """Somebody asked the scheduler to stop while an execution was running."""


class Stop:
    """Set by SIGINT or SIGTERM, also in the middle of a wait. A second signal ends at once."""

    def __init__(self) -> None:
        self._set = False
        self._read, self._write = os.pipe()
        self._before = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float) -> bool:
        select.select([self._read], [], [], max(timeout, 0))
        return self._set

    def close(self) -> None:
        self._restore()
        os.close(self._read)
        os.close(self._write)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._set = True
        self._restore()
        os.write(self._write, b".")

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Seconds(click.FloatRange):
    """A range that holds numbers only: NaN compares with nothing and would pass."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        return seconds


@click.command(epilog=example("billstream scheduler", "billstream scheduler --poll 60"))
@click.option(
    "--poll",
    type=Seconds(min=0.1, max=3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Look at least this often for what others scheduled.",
)
@workers_option
@database_option
def scheduler(database: str | None, poll: float) -> None:
    """Fire schedules as they fall due, until Ctrl-C. An execution that is running then stops
    between two chunks and is finished by the next scheduler. Several may run at once.
    """
    from consumers.scheduler import run
    from infra.cli.fired import Fires
    from infra.cli.output import notice
    from infra.cli.times import owner_zone
    from infra.composition import open_app
    from infra.gateway.embedded import collect_now

    with open_app(database) as app:
        stop = Stop()
        try:
            notice("waiting for schedules to fall due; stop with Ctrl-C")
            fires = Fires(app, owner_zone(app.store), run_one=lambda app, one: _run(app, one, stop))

            def recover() -> None:
                fires.recover()
                collect_now(app)

            run(app.store, fires.execute, recover, stop, poll)
        except Stopped:
            notice("an execution is left running; the next scheduler finishes it")
        finally:
            stop.close()
        notice("stopped")


def _run(app: "App", execution: "StreamId", stop: Stop) -> "ExecutionState":
    """Runs an execution unless it has to stop: then between two chunks, leaving it running."""
    from consumers.progress import Tally
    from consumers.worker import run_execution
    from infra.cli.running import careful, chunks_of

    def between_chunks(tally: Tally) -> None:
        if stop.is_set() and tally.done < tally.chunks:
            raise Stopped

    app.store.mark_running(execution)
    try:
        care = partial(careful, app)
        return run_execution(app.store, execution, between_chunks, chunks_of(app), care)
    finally:
        app.store.unmark(execution)
