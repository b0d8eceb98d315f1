"""Several processes that read one and the same snapshot of a history, to go through it together.

Each is given parts of the work; the answers come in the order of the parts, so what comes out does
not depend on how many there are. When a process dies, the others' work is done here.
"""

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError, Thread
from typing import NamedTuple, TypeVar

from infra.store.database import Database
from infra.store.owned import OwnedStore

_MOST = 4
"""Processes at most: each may hold two connections to the database."""

_WORTH_IT = 100_000
"""Events from which on it pays to start processes."""

_SIZE = 50_000
"""Events of a part, about."""

_PATIENCE = 60.0
"""Seconds for processes to start."""

P = TypeVar("P")
R = TypeVar("R")

Work = Callable[[OwnedStore, Database, P], R]
"""A function of a module: it is found by its name in another process."""


class Together(NamedTuple):
    """How many processes, and how many events a part has."""

    processes: int
    size: int = _SIZE


def worth_it(store: OwnedStore) -> Together:
    """The processes that are worth starting for a history."""
    with store.proving() as database:
        large = newest_of(database) >= _WORTH_IT
    return Together(min(_MOST, len(os.sched_getaffinity(0))) if large else 1)


def newest_of(database: Database) -> int:
    """The last position there is."""
    return int(database.execute("SELECT max(position) FROM events").fetchone()[0] or 0)


class Crew:
    """`database` reads the snapshot here. Parts should have `size` events."""

    def __init__(
        self, store: OwnedStore, database: Database, size: int, pool: ProcessPoolExecutor | None
    ) -> None:
        self.store = store
        self.database = database
        self.size = size
        self._pool = pool

    @property
    def newest(self) -> int:
        """The last position in the snapshot."""
        return newest_of(self.database)

    @property
    def is_alone(self) -> bool:
        """Nobody but this process."""
        return self._pool is None

    def each(self, work: Work[P, R], parts: Sequence[P]) -> Iterator[R]:
        """What the work gives for each part, in their order."""
        if self._pool is None:
            yield from (work(self.store, self.database, part) for part in parts)
            return
        futures = [self._pool.submit(_do, work, part) for part in parts]
        for part, future in zip(parts, futures, strict=True):
            yield self._answer(work, part, future)

    def _answer(self, work: Work[P, R], part: P, future: "Future[R]") -> R:
        try:
            return future.result()
        except BrokenProcessPool:
            return work(self.store, self.database, part)


class _Meeting(NamedTuple):
    """Where the processes wait for each other, and are told the snapshot's name."""

    processes: int
    barrier: Barrier
    names: "SimpleQueue[str]"

    def wait(self) -> None:
        self.barrier.wait(_PATIENCE)

    def begin(self, name: str) -> None:
        """Comes back when all have begun."""
        for _ in range(self.processes):
            self.names.put(name)
        self.wait()


@contextmanager
def crew(store: OwnedStore, processes: int, size: int = _SIZE) -> Generator[Crew]:
    """This many processes over one snapshot; one is this process alone."""
    if processes < 2:
        with store.proving() as database:
            yield Crew(store, database, size, None)
        return
    context = get_context("spawn")
    meeting = _Meeting(processes, context.Barrier(processes + 1), context.SimpleQueue())
    before = set(active_children())
    pool = ProcessPoolExecutor(
        processes, context, initializer=_begin, initargs=(store.opening, meeting)
    )
    try:
        for _ in range(processes):
            pool.submit(os.getpid)  # each starts a process, which waits for the others
        with ExitStack() as stack:
            yield _together(stack, store, size, pool, meeting)
    except BaseException:
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _together(
    stack: ExitStack, store: OwnedStore, size: int, pool: ProcessPoolExecutor, meeting: _Meeting
) -> Crew:
    """The processes and this one at one snapshot; alone if they could not be started."""
    try:
        meeting.wait()
        database = stack.enter_context(store.sharing(meeting.begin))
        return Crew(store, database, size, pool)
    except BrokenBarrierError:
        return Crew(store, stack.enter_context(store.proving()), size, None)


class _Mine:
    """What a process of a crew keeps while it lives."""

    stack = ExitStack()
    store: OwnedStore
    database: Database


def _begin(opening: str, meeting: _Meeting) -> None:
    from infra.store.open import open_store

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # quietly: the first process says it
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        _Mine.store = _Mine.stack.enter_context(open_store(opening))
        meeting.wait()
        _Mine.database = _Mine.stack.enter_context(_Mine.store.proving(meeting.names.get()))
        meeting.wait()
    except BaseException:
        meeting.barrier.abort()
        raise


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(work: Work[P, R], part: P) -> R:
    return work(_Mine.store, _Mine.database, part)
