"""How far a spread execution is: which of its chunks are not done, and ending it when all are."""

from collections.abc import Callable, Iterator
from time import monotonic

from aggregates.chunk import ChunkBilled, ChunkNotReached
from aggregates.execution import ExecutionState
from aggregates.identity import StreamId, chunk
from commands.executions import Running, chunk_ends, finish_execution, open_running
from commands.store import Store
from consumers.progress import Done, Tally

PAGE = 200
"""Chunks looked at in one query."""


class Remaining:
    """A started execution as one process follows it. Chunks are done roughly in their order, so a
    look at the first ones that are left says whether anything moves. `tally` counts what was seen:
    the first look finds what was done before.
    """

    def __init__(
        self, store: Store, execution: StreamId, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self.execution = execution
        self.running: Running = open_running(store, execution)
        self.chunks: list[int] = list(range(self.running.chunks))
        self.tally = Tally(self.running.chunks, clock())
        self._looked = False

    def look(self) -> bool:
        """Strikes out what is done; True if something was."""
        before = len(self.chunks)
        seen: list[Done] = []
        kept = 0
        while kept < PAGE and kept < len(self.chunks):
            page = self.chunks[kept : kept + PAGE]
            streams = [chunk(self.execution, index) for index in page]
            there = self._store.streams(streams)
            left: list[int] = []
            for index, stream in zip(page, streams, strict=True):
                if recorded := there.get(stream):
                    seen += _billed(index, recorded[-1].event)
                else:
                    left.append(index)
            self.chunks[kept : kept + PAGE] = left
            kept += len(left)
        self._tell(seen)
        return len(self.chunks) < before

    def finish(self) -> ExecutionState | None:
        """Ends the execution if every chunk is done; its state then, else None. Anyone may."""
        self.look()
        return None if self.chunks else finish_execution(self._store, self.running)

    def _tell(self, seen: list[Done]) -> None:
        now = self._clock()
        if not self._looked:
            self.tally = Tally(self.running.chunks, now, seen)
            self._looked = True
        for one in seen:
            self.tally.add(one, now)


def billed_before(store: Store, running: Running) -> Iterator[Done]:
    """The chunks of an execution that are done, as history tells them."""
    for index, end in chunk_ends(store, running):
        yield from _billed(index, end)


def _billed(index: int, end: ChunkBilled | ChunkNotReached | None) -> Iterator[Done]:
    """The chunk if it was billed: one that a cancelled execution did not reach is not done."""
    if isinstance(end, ChunkBilled):
        yield Done(index, end.counts, end.worker)
