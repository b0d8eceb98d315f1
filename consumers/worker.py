"""The bill-run worker: takes an execution from queued to its end, chunk by chunk."""

from collections.abc import Callable

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId
from commands.executions import (
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from commands.store import Store

Progress = Callable[[int, int], None]
"""Called with the chunks done and the chunks in all."""


def run_execution(
    store: Store,
    execution_id: StreamId,
    progress: Progress | None = None,
) -> ExecutionState:
    """Runs the execution to its end and returns how it ended. Taken up again after a crash, or by
    several workers at once, it does what is left and nothing twice (R14).
    """
    state = start_execution(store, execution_id)
    if state.status in FINISHED:
        return state
    running = open_running(store, execution_id)
    for index in range(running.chunks):
        if progress is not None:
            progress(index, running.chunks)
        if not run_chunk(store, running, index):
            break
    if progress is not None:
        progress(running.chunks, running.chunks)
    return finish_execution(store, running)


def unfinished(store: Store) -> list[StreamId]:
    """Executions that are queued or running: to be finished by whoever finds no one at work."""
    with store.snapshot() as reading:
        return [
            found.stream
            for status in ("queued", "running")
            for found in reading.all_of("execution", status)
        ]
