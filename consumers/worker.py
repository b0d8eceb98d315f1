"""The bill-run worker: takes an execution from queued to its end, chunk by chunk."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple

from aggregates.execution import FINISHED, Counts, ExecutionState, add_counts
from aggregates.identity import StreamId
from commands.billing.rare_collections import rare_collections
from commands.executions import (
    Running,
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from commands.store import Store


class Progress(NamedTuple):
    """How far a run is: chunks done, chunks in all, and what those done have billed. `worker` is
    the process that did the last one, None for this one.
    """

    done: int
    chunks: int
    counts: Counts
    worker: int | None = None


class Done(NamedTuple):
    """A chunk that is done: what it billed, None when the execution may not go on; and the worker
    that did it, None for this process.
    """

    counts: Counts | None
    worker: int | None = None


Chunks = Callable[[Store, Running], Generator[Done]]
"""Bills every chunk of a started execution, in whatever order and process."""


def one_by_one(store: Store, running: Running) -> Generator[Done]:
    """Bills the chunks here, in their order."""
    with rare_collections():
        for index in range(running.chunks):
            yield Done(run_chunk(store, running, index))


def run_execution(
    store: Store,
    execution_id: StreamId,
    progress: Callable[[Progress], None] = lambda _: None,
    chunks: Chunks = one_by_one,
) -> ExecutionState:
    """Runs the execution to its end and returns how it ended. Taken up again after a crash, or by
    several workers at once, it does what is left and nothing twice (R14). `progress` is told
    before the first chunk and after each.
    """
    state = start_execution(store, execution_id)
    if state.status in FINISHED:
        return state
    running = open_running(store, execution_id)
    so_far = Progress(0, running.chunks, Counts())
    progress(so_far)
    with closing(chunks(store, running)) as billing:
        for counts, worker in billing:
            if counts is None:
                break
            total = add_counts(so_far.counts, counts)
            so_far = Progress(so_far.done + 1, running.chunks, total, worker)
            progress(so_far)
    return finish_execution(store, running)


def unfinished(store: Store) -> list[StreamId]:
    """Executions that are queued or running: to be finished by whoever finds no one at work."""
    from commands import firing

    with store.snapshot() as reading:
        return firing.unfinished(reading)
