"""How far a spread execution is: which of its chunks are not done, and ending it when all are."""

from aggregates.execution import ExecutionState
from aggregates.identity import StreamId, chunk
from commands.executions import Running, finish_execution, open_running
from commands.store import Store

PAGE = 200
"""Chunks looked at in one query."""


class Remaining:
    """A started execution as one process follows it. Chunks are done roughly in their order, so a
    look at the first ones that are left says whether anything moves.
    """

    def __init__(self, store: Store, execution: StreamId) -> None:
        self._store = store
        self.execution = execution
        self.running: Running = open_running(store, execution)
        self.chunks: list[int] = list(range(self.running.chunks))

    def look(self) -> bool:
        """Strikes out what is done; True if something was."""
        before = len(self.chunks)
        kept = 0
        while kept < PAGE and kept < len(self.chunks):
            page = self.chunks[kept : kept + PAGE]
            streams = [chunk(self.execution, index) for index in page]
            there = self._store.streams(streams)
            left = [
                index for index, stream in zip(page, streams, strict=True) if not there.get(stream)
            ]
            self.chunks[kept : kept + PAGE] = left
            kept += len(left)
        return len(self.chunks) < before

    def finish(self) -> ExecutionState | None:
        """Ends the execution if every chunk is done; its state then, else None. Anyone may."""
        self.look()
        return None if self.chunks else finish_execution(self._store, self.running)
