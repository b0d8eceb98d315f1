"""Several processes that read one and the same snapshot of a history, to go through it together.

Each is given parts of the work; the answers come in the order of the parts, so what comes out does
not depend on how many there are. When a process dies, the others' work is done here.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError, Thread
from typing import Any, NamedTuple, Protocol, TypeVar

from infra.cores import MOST, cores
from infra.store.database import Database
from infra.store.owned import OwnedStore

_WORTH_IT = 100_000
"""Events from which on it pays to start processes."""

_SIZE = 25_000
"""Events of a part, about."""

_AHEAD = 3 * MOST
"""Parts begun before the first of them is asked for."""

_PATIENCE = 60.0
"""Seconds for processes to start."""

P = TypeVar("P")
R = TypeVar("R")

Work = Callable[["Reader", P], R]
"""A function of a module: it is found by its name in another process."""

Begun = tuple[P, Future[R] | None]
"""A part with the answer to come; None when it has to be done here."""


class Reader(Protocol):
    """What work is done with: a store of the process's own, and the snapshot in it."""

    kept: dict[object, Any]
    """What the work keeps from one part to the next, as long as the crew lasts."""

    @property
    def store(self) -> OwnedStore: ...

    @property
    def database(self) -> Database: ...


class Together(NamedTuple):
    """How many processes, and how many events a part has."""

    processes: int
    size: int = _SIZE


def worth_it(store: OwnedStore) -> Together:
    """The processes that are worth starting for a history."""
    with store.proving() as database:
        large = newest_of(database) >= _WORTH_IT
    return Together(cores() if large else 1)


def newest_of(database: Database) -> int:
    """The last position there is."""
    return int(database.execute("SELECT max(position) FROM events").fetchone()[0] or 0)


class Crew:
    """`database` reads the snapshot here. Parts should have `size` events."""

    def __init__(
        self,
        store: OwnedStore,
        database: Database | None,
        size: int,
        pool: ProcessPoolExecutor | None,
    ) -> None:
        self.store = store
        self.kept: dict[object, Any] = {}
        self.size = size
        self._database = database
        self._pool = pool

    @property
    def database(self) -> Database:
        if self._database is None:
            raise RuntimeError("this crew reads no snapshot")
        return self._database

    @property
    def newest(self) -> int:
        """The last position in the snapshot."""
        return newest_of(self.database)

    @property
    def is_alone(self) -> bool:
        """Nobody but this process."""
        return self._pool is None

    def each(self, work: Work[P, R], parts: Iterable[P]) -> Iterator[R]:
        """What the work gives for each part, in their order. Others begin at once."""
        pool = self._pool
        if pool is None:
            return (work(self, part) for part in parts)
        begun = ((part, _submitted(pool, work, part)) for part in parts)
        return self._answers(work, begun, deque(islice(begun, _AHEAD)))

    def _answers(
        self, work: Work[P, R], begun: Iterator[Begun[P, R]], ahead: deque[Begun[P, R]]
    ) -> Iterator[R]:
        while ahead:
            part, future = ahead.popleft()
            yield self._answer(work, part, future)
            ahead.extend(islice(begun, 1))

    def _answer(self, work: Work[P, R], part: P, future: "Future[R] | None") -> R:
        try:
            return work(self, part) if future is None else future.result()
        except BrokenProcessPool:
            return work(self, part)


class _Meeting(NamedTuple):
    """Where the processes wait for each other, and are told the snapshot's name."""

    processes: int
    barrier: Barrier
    names: "SimpleQueue[str]"
    reading: bool

    def wait(self) -> None:
        self.barrier.wait(_PATIENCE)

    def begin(self, name: str) -> None:
        """Comes back when all have begun."""
        for _ in range(self.processes):
            self.names.put(name)
        self.wait()


@contextmanager
def crew(
    store: OwnedStore, processes: int, size: int = _SIZE, *, reading: bool = True
) -> Generator[Crew]:
    """This many processes over one snapshot, or only over one store unless `reading`; one is this
    process alone.
    """
    if processes < 2:
        with ExitStack() as stack:
            yield _alone(stack, store, size, reading)
        return
    context = get_context("spawn")
    meeting = _Meeting(processes, context.Barrier(processes + 1), context.SimpleQueue(), reading)
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
        sharing = store.sharing(meeting.begin) if meeting.reading else None
        database = stack.enter_context(sharing) if sharing else None
        return Crew(store, database, size, pool)
    except BrokenBarrierError:
        return _alone(stack, store, size, meeting.reading)


def _alone(stack: ExitStack, store: OwnedStore, size: int, reading: bool) -> Crew:
    return Crew(store, stack.enter_context(store.proving()) if reading else None, size, None)


class _Mine:
    """What a process of a crew keeps while it lives."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.kept: dict[object, Any] = {}

    store: OwnedStore
    database: Database


_mine = _Mine()


def _begin(opening: str, meeting: _Meeting) -> None:
    from infra.store.open import open_store

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # quietly: the first process says it
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        _mine.store = _mine.stack.enter_context(open_store(opening))
        meeting.wait()
        if meeting.reading:
            _mine.database = _mine.stack.enter_context(_mine.store.proving(meeting.names.get()))
            meeting.wait()
    except BaseException:
        meeting.barrier.abort()
        raise


def _submitted(pool: ProcessPoolExecutor, work: Work[P, R], part: P) -> "Future[R] | None":
    """None when a process has died, and the others with it."""
    try:
        return pool.submit(_do, work, part)
    except BrokenProcessPool:
        return None


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(work: Work[P, R], part: P) -> R:
    return work(_mine, part)
