"""A customer file imported by as many processes as can run at once, this one among them.

They start while the file is looked through. Each piece of it is imported by one process, in a
transaction of its own; when one of them dies, this one imports what it had in hand again, which
changes nothing if it was done.
"""

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, NamedTuple

from infra.cores import cores

if TYPE_CHECKING:
    from commands.customer_import import Batch, Spread, Step
    from infra.store.owned import OwnedStore

SMALL = 1_000_000
"""Bytes of a file up to which one process is enough."""

AHEAD = 2
"""Pieces that wait for each process while this one is busy with its own."""

BEHIND = 100
"""Pieces done out of order at most."""


class Helpers:
    """The other processes, if there are any."""

    def __init__(self, pool: ProcessPoolExecutor | None, count: int) -> None:
        self._pool = pool
        self._count = count

    def of(self, store: "OwnedStore") -> "Spread":
        """What imports steps: they and this process, which has the store open."""
        pool = self._pool
        if pool is None:
            return lambda steps: (_imported(store, step) for step in steps)
        return lambda steps: _spread(store, pool, self._count, steps)


@contextmanager
def helpers(address: str, size: int, processes: int = 0) -> Generator[Helpers]:
    """Who helps to import a file of so many bytes into the database at an address. They load the
    program meanwhile: begin with them. `processes` counts this one, where it is known better.
    """
    count = (processes or (cores() if size > SMALL else 1)) - 1
    if not count:
        yield Helpers(None, 0)
        return
    context = get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(address,))
    try:
        for _ in range(count):
            pool.submit(os.getpid)  # each starts a process
        yield Helpers(pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


class _Given(NamedTuple):
    """A step with what came of it, or with what will."""

    step: "Step"
    answer: "Future[Batch] | Batch"

    @property
    def is_done(self) -> bool:
        return not isinstance(self.answer, Future) or self.answer.done()


def _spread(
    store: "OwnedStore", pool: ProcessPoolExecutor, others: int, steps: "Iterable[Step]"
) -> "Iterator[Batch]":
    """The others are given steps ahead; this process takes one whenever it would have to wait. The
    last one waits for nobody: all are to end together.
    """
    following = iter(steps)
    coming = deque(islice(following, 2))
    given: deque[_Given] = deque()

    def take() -> "Step":
        coming.extend(islice(following, 1))
        return coming.popleft()

    while coming or given:
        most = others * (AHEAD if len(coming) > 1 else 1)
        if coming and sum(not one.is_done for one in given) < most:
            step = take()
            given.append(_Given(step, _submitted(store, pool, step)))
        elif coming and not given[0].is_done and len(given) < BEHIND:
            step = take()
            given.append(_Given(step, _imported(store, step)))
        else:
            yield _answer(store, given.popleft())


def _submitted(
    store: "OwnedStore", pool: ProcessPoolExecutor, step: "Step"
) -> "Future[Batch] | Batch":
    try:
        return pool.submit(_do, step)
    except BrokenProcessPool:
        return _imported(store, step)


def _answer(store: "OwnedStore", given: _Given) -> "Batch":
    if not isinstance(given.answer, Future):
        return given.answer
    try:
        return given.answer.result()
    except BrokenProcessPool:
        return _imported(store, given.step)


def _imported(store: "OwnedStore", step: "Step") -> "Batch":
    from commands.billing.rare_collections import rare_collections
    from commands.customer_import import import_step
    from infra import personal_keys

    with rare_collections():
        return import_step(store, step, personal_keys, set())


# in another process


class _Here:
    """What a process keeps from one step to the next."""

    address = ""
    store: "OwnedStore | None" = None


def _begin(address: str) -> None:
    """Ctrl-C is for the first process, which lets the pieces in hand end; without it nobody goes
    on. What is wrong with the database is told by the first process too.
    """
    from infra.store.errors import StoreError

    for needed in ("commands.customer_import", "infra.personal_keys"):
        import_module(needed)  # now, not with the first piece

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.address = address
    with suppress(StoreError):
        _store()


def _store() -> "OwnedStore":
    from infra.store.open import open_store

    if _Here.store is None:
        _Here.store = open_store(_Here.address)
        gc.freeze()
    return _Here.store


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(step: "Step") -> "Batch":
    return _imported(_store(), step)
