"""The bill-run worker: takes an execution from queued to its end, chunk by chunk."""

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple

from aggregates.execution import FINISHED, Counts, ExecutionState, add_counts
from aggregates.identity import StreamId, chunk
from commands import firing
from commands.executions import (
    Running,
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from commands.store import Store
from consumers.apart import Careful
from consumers.work import Work


class Progress(NamedTuple):
    """How far a run is: chunks done, chunks in all, and what those done have billed."""

    done: int
    chunks: int
    counts: Counts


def run_execution(
    store: Store,
    execution_id: StreamId,
    progress: Callable[[Progress], None] = lambda _: None,
    careful: Callable[[], Careful] | None = None,
) -> ExecutionState:
    """Runs the execution to its end and returns how it ended. Taken up again after a crash, or by
    several workers at once, it does what is left and nothing twice (R14). `progress` is told
    before the first chunk and after each. One that somebody has begun before may be what ended
    them: it is billed carefully, if `careful` says how.
    """
    begun = _status(store, execution_id) == "running"
    state = start_execution(store, execution_id)
    if state.status in FINISHED:
        return state
    care = careful() if begun and careful is not None else None
    running = open_running(store, execution_id)
    so_far = Progress(0, running.chunks, Counts())
    progress(so_far)
    with rare_collections():
        for index in range(running.chunks):
            counts = _billed(store, running, index, care)
            if counts is None:
                break
            so_far = Progress(index + 1, running.chunks, add_counts(so_far.counts, counts))
            progress(so_far)
    ended = finish_execution(store, running)
    if care is not None:
        care.forget(execution_id)
    return ended


def _status(store: Store, execution_id: StreamId) -> str:
    with store.snapshot() as reading:
        found = reading.get("execution", execution_id)
    return "" if found is None else str(found.state.status)


def _billed(store: Store, running: Running, index: int, care: Careful | None) -> Counts | None:
    """What the chunk did; None when the execution may not go on."""
    execution = running.execution_id
    if care is None or store.exists(chunk(execution, index)):
        return run_chunk(store, running, index)
    counts = care.bill(Work(execution, index), lambda: run_chunk(store, running, index))
    return counts or run_chunk(store, running, index)


@contextmanager
def rare_collections() -> Generator[None]:
    """Lets the cycle collector rest while chunks are billed: a chunk's facts hold no cycles, and
    going through them again and again costs a tenth of the run.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def unfinished(store: Store) -> list[StreamId]:
    """Executions that are queued or running: to be finished by whoever finds no one at work."""
    with store.snapshot() as reading:
        return firing.unfinished(reading)
