"""Chunks billed by several processes of this machine, with no broker between them.

This process hands out the chunks and bills some itself; each is billed in a transaction of its own,
as by any other process, so that nothing is billed twice whoever dies (R14). When a worker dies,
what is left is handed to new ones.
"""

import gc
import os
import signal
import threading
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, NamedTuple

from aggregates.execution import Counts
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.billing.rare_collections import rare_collections
from commands.executions import Running, open_running, run_chunk
from commands.store import Store
from consumers.progress import Done
from consumers.worker import one_by_one
from infra.run.worker_name import worker_name
from infra.store.errors import StoreError

if TYPE_CHECKING:
    from infra.store.owned import OwnedStore

AHEAD = 2
"""Chunks that wait for each worker while this process is busy with its own."""

DEATHS = 3
"""How often workers may die without any chunk done in between."""


class _Answer(NamedTuple):
    """What became of a chunk, in words that go from one process to another."""

    worker: str
    counts: Counts | None
    error: tuple[type[Refusal | StoreError], str, str] | None = None


class LocalWorkers:
    """Implements `consumers.worker.Chunks` with `count` processes, this one among them, over the
    database at `address`.
    """

    def __init__(self, address: str, count: int) -> None:
        self._address = address
        self._count = count

    def __call__(self, store: Store, running: Running) -> Generator[Done]:
        if running.chunks < 2 or self._count < 2:
            yield from one_by_one(store, running)
            return
        running.worker = worker_name()
        left = list(range(running.chunks))
        deaths = 0
        while left:
            before = len(left)
            try:
                yield from self._spread(store, running, left)
            except BrokenProcessPool:
                deaths = 1 if len(left) < before else deaths + 1
                if deaths >= DEATHS:
                    raise _died(running) from None

    def _spread(self, store: Store, running: Running, left: list[int]) -> Generator[Done]:
        """Workers take chunks from the front, this process from what is not handed out yet;
        struck out is what is done.
        """
        given: dict[Future[_Answer], int] = {}
        following = iter(tuple(left))
        workers = min(self._count - 1, len(left))
        pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(self._address, running.execution_id),
        )
        try:
            while True:
                for index in islice(following, max(0, workers * AHEAD - len(given))):
                    given[pool.submit(_bill, index)] = index
                mine = next(following, None)
                if mine is not None:
                    with rare_collections():
                        done = Done(mine, run_chunk(store, running, mine), running.worker)
                    left.remove(mine)
                    yield done
                elif not given:
                    return
                patience = None if mine is None else 0
                for future in wait(given, patience, FIRST_COMPLETED).done:
                    answer, index = future.result(), given.pop(future)
                    left.remove(index)
                    yield _told(index, answer)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _told(index: int, answer: _Answer) -> Done:
    if answer.error is not None:
        cls, code, sentence = answer.error
        raise cls(code, sentence)
    return Done(index, answer.counts, answer.worker)


def _died(running: Running) -> Refusal:
    return Refusal(
        "workers_died",
        f"the processes that bill execution {running.settings.execution} died {DEATHS} times in a "
        "row with nothing done in between; what was billed stays billed: look at the memory of "
        "this machine, then go on with `billstream execution resume`",
    )


# in the process of a worker


class _Here:
    """What a worker's process keeps from one chunk to the next."""

    address = ""
    execution: StreamId = b""
    store: "OwnedStore | None" = None
    running: Running | None = None


def _begin(address: str, execution: StreamId) -> None:
    """Ctrl-C is for the parent, which lets the chunks in hand end; without it nobody goes on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.address, _Here.execution = address, execution


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _bill(index: int) -> _Answer:
    from infra.store.open import open_store

    me = worker_name()
    try:
        if _Here.store is None or _Here.running is None:
            _Here.store = open_store(_Here.address)
            _Here.running = open_running(_Here.store, _Here.execution)
            _Here.running.worker = me
            gc.freeze()
        with rare_collections():
            return _Answer(me, run_chunk(_Here.store, _Here.running, index))
    except (Refusal, StoreError) as error:
        cls = StoreError if isinstance(error, StoreError) else Refusal
        return _Answer(me, None, (cls, error.code, error.sentence))
