"""The bill-run worker: takes an execution from queued to its end, chunk by chunk."""

from collections.abc import Callable, Generator
from contextlib import closing
from time import monotonic

from aggregates.execution import FINISHED, Counts, ExecutionState
from aggregates.identity import StreamId, chunk
from aggregates.refusal import Refusal
from commands.billing.rare_collections import rare_collections
from commands.executions import (
    Running,
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from commands.store import Store
from consumers.apart import Careful
from consumers.progress import Done, Tally
from consumers.remaining import billed_before
from consumers.role import OF_THE_PROCESS
from consumers.work import Work

Chunks = Callable[[Store, Running], Generator[Done]]
"""Bills every chunk of a started execution, in whatever order and process."""


def one_by_one(store: Store, running: Running) -> Generator[Done]:
    """Bills the chunks here, in their order."""
    with rare_collections():
        for index in range(running.chunks):
            yield Done(index, run_chunk(store, running, index), running.worker)


def run_execution(
    store: Store,
    execution_id: StreamId,
    progress: Callable[[Tally], None] = lambda _: None,
    chunks: Chunks = one_by_one,
    careful: Callable[[], Careful] | None = None,
) -> ExecutionState:
    """Runs the execution to its end and returns how it ended. Taken up again after a crash, or by
    several workers at once, it does what is left and nothing twice (R14). `progress` is told
    before the first chunk, with what was done before, and after each. One that somebody has begun
    before may be what ended them: it is billed carefully, if `careful` says how.
    """
    begun = _status(store, execution_id) == "running"
    state = start_execution(store, execution_id)
    if state.status in FINISHED:
        return state
    care = careful() if begun and careful is not None else None
    running = open_running(store, execution_id)
    tally = Tally(running.chunks, monotonic(), billed_before(store, running) if begun else ())
    progress(tally)
    billed = chunks(store, running) if care is None else _carefully(store, running, care)
    with closing(billed) as billing:
        for done in billing:
            if done.counts is None:
                break
            tally.add(done, monotonic())
            progress(tally)
    ended = finish_execution(store, running)
    if care is not None:
        care.forget(execution_id)
    return ended


def _status(store: Store, execution_id: StreamId) -> str:
    with store.snapshot() as reading:
        found = reading.get("execution", execution_id)
    return "" if found is None else str(found.state.status)


def _carefully(store: Store, running: Running, care: Careful) -> Generator[Done]:
    """Bills the chunks here, one by one; what ends the process that bills it is found out. One
    that is refused is told at the end: the others do not wait for it.
    """
    refused: Refusal | None = None
    for index in range(running.chunks):
        try:
            counts = _billed(store, running, index, care)
        except Refusal as refusal:
            if refusal.code in OF_THE_PROCESS:
                raise
            refused = refused or refusal
        else:
            yield Done(index, counts, running.worker)
    if refused is not None:
        raise refused


def _billed(store: Store, running: Running, index: int, care: Careful) -> Counts | None:
    """What the chunk did; None when the execution may not go on."""
    execution = running.execution_id
    if store.exists(chunk(execution, index)):
        return run_chunk(store, running, index)
    counts = care.bill(Work(execution, index), lambda: run_chunk(store, running, index))
    return counts or run_chunk(store, running, index)


def unfinished(store: Store) -> list[StreamId]:
    """Executions that are queued or running: to be finished by whoever finds no one at work."""
    from commands import firing

    with store.snapshot() as reading:
        return firing.unfinished(reading)
