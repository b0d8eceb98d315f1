"""Replay by as many processes as are worth it: chunks do not depend on each other."""

from collections.abc import Callable, Iterable

from aggregates.identity import StreamId
from commands.billing.rare_collections import rare_collections
from commands.billing.replay import ReplayReport, open_finished, replay_chunk, replay_execution
from commands.executions import Running
from infra.store.crew import Reader, Together, crew, worth_it
from infra.store.owned import OwnedStore


def replay(
    store: OwnedStore,
    execution: StreamId,
    progress: Callable[[int, int], None] | None = None,
    together: Together | None = None,
) -> ReplayReport:
    """Recomputes an execution; what differs is the same with any number of processes."""
    open_finished(store, execution)  # what is refused is refused at once
    with crew(store, *(together or worth_it(store)), reading=False) as work:

        def spread(running: Running) -> Iterable[ReplayReport]:
            chunks = [(running.execution_id, index) for index in range(running.chunks)]
            return work.each(_chunk, chunks)

        return replay_execution(store, execution, progress, spread)


def _chunk(reader: Reader, chunk: tuple[StreamId, int]) -> ReplayReport:
    execution, index = chunk
    with rare_collections():
        return replay_chunk(reader.store, _opened(reader, execution), index)


def _opened(reader: Reader, execution: StreamId) -> Running:
    """The execution as this reader opened it with its first chunk."""
    running: Running | None = reader.kept.get(execution)
    if running is None:
        running = reader.kept[execution] = open_finished(reader.store, execution)
    return running
