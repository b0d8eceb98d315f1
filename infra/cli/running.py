"""Running an execution in this process, for people to watch: progress, Ctrl-C, the outcome."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING
from uuid import uuid4

from aggregates import identity
from aggregates.execution import ExecutionState
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from infra.cli.errors import COMPLETED_WITH_FAILURES, REFUSED
from infra.cli.options import workers
from infra.cli.output import notice
from infra.cli.run_progress import run_progress

if TYPE_CHECKING:
    from consumers.apart import Careful
    from consumers.worker import Chunks
    from infra.composition import App


def run_to_end(app: "App", execution_id: StreamId) -> ExecutionState:
    """Runs the execution to its end and shows how far it is. Ctrl-C asks it to cancel: it stops
    between chunks and says truthfully what was billed (R6).
    """
    from commands.executions import find_execution, start_execution
    from consumers.progress import Tally
    from consumers.worker import run_execution
    from infra.gateway.embedded import collect_after_run

    app.store.mark_running(execution_id)
    try:
        with app.store.snapshot() as reading:
            begun = find_execution(reading, execution_id).state.status == "running"
        care = partial(careful, app) if begun else None
        chunks = start_execution(app.store, execution_id).chunks
        with _interruptible() as interrupted, run_progress(chunks) as show:

            def between_chunks(tally: Tally) -> None:
                show(tally)
                if interrupted():
                    _request_cancel(app, execution_id)

            ended = run_execution(app.store, execution_id, between_chunks, chunks_of(app), care)
    finally:
        app.store.unmark(execution_id)
    collect_after_run(app)
    return ended


def chunks_of(app: "App") -> "Chunks":
    """How chunks are billed: here, or in as many processes as `--workers` says. Views of a file
    follow; those of a server are brought along by projectors or readers.
    """
    from consumers.worker import one_by_one
    from infra.run.local_workers import LocalWorkers
    from infra.run.views_along import followed_by_views
    from infra.store.open import is_file

    count = workers()
    if not app.address:
        return one_by_one
    bill = one_by_one if count == 1 else LocalWorkers(app.address, count)
    return followed_by_views(bill, app.address, count) if is_file(app.address) else bill


def careful(app: "App") -> "Careful":
    """How an execution is taken up that may have ended the processes that billed it."""
    from consumers.apart import Careful
    from infra.run import logs
    from infra.run.attempts import StoredAttempts
    from infra.run.isolated import Isolated

    logs.set_up()
    return Careful(StoredAttempts(app.store.views_database()), Isolated(app.address))


def finish_abandoned(app: "App") -> list[StreamId]:
    """Takes up every execution that a dead process left queued or running, to its end; and every
    reversal that has not ended (R22).
    """
    from commands.corrections.reversing import carry_on
    from consumers.worker import unfinished

    taken: list[StreamId] = []
    for execution_id in unfinished(app.store):
        if app.store.is_alive(execution_id):
            continue
        text = identity.text(execution_id)
        notice(f"execution {text} was left running; finishing it")
        try:
            run_to_end(app, execution_id)
        except Refusal as refusal:
            # One that cannot be run must not keep the others, or a new one, from running.
            notice(f"error: {refusal.code}: execution {text}: {refusal.sentence}")
            continue
        taken.append(execution_id)
    carry_on(app.store)
    return taken


def exit_status(state: ExecutionState) -> int:
    """0; 3 when the run completed with failures; 1 when it was cancelled before its end."""
    if state.status == "cancelled":
        return REFUSED
    return COMPLETED_WITH_FAILURES if state.status == "completed_with_failures" else 0


def _request_cancel(app: "App", execution_id: StreamId) -> None:
    from commands.execution_control import cancel_execution
    from commands.message import Command
    from infra.settings import settings

    text = identity.text(execution_id)
    by = settings().requested_by
    command = Command("cancel_execution", "cli", str(uuid4()), {"execution": text}, by)
    cancel_execution(app.store, command, text)


@contextmanager
def _interruptible() -> Generator[Callable[[], bool]]:
    """Notes the first Ctrl-C instead of stopping at once; a second one stops at once."""
    seen: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(signum: int, frame: FrameType | None) -> None:
        seen.append(signum)
        signal.signal(signal.SIGINT, before)
        notice("cancelling: the chunk in hand is finished first; Ctrl-C again stops at once")

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)
