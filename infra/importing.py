"""A customer file imported by as many processes as can run at once, this one among them.

They start while the file is looked through. Each piece of it is imported by one process, in a
transaction of its own; when one of them dies, this one imports what it had in hand again, which
changes nothing if it was done.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, NamedTuple

from commands.billing.rare_collections import rare_collections
from commands.customer_import import Batch, Spread, Step, import_step
from infra import personal_keys
from infra.store.crew import cores

if TYPE_CHECKING:
    from infra.store.owned import OwnedStore

SMALL = 1_000_000
"""Bytes of a file up to which one process is enough."""

AHEAD = 2
"""Pieces that wait for each process while this one is busy with its own."""

BEHIND = 100
"""Pieces done out of order at most."""


@contextmanager
def helpers(store: "OwnedStore", size: int, processes: int = 0) -> Generator[Spread]:
    """What imports the steps of a file of so many bytes; `processes` where it is known better."""
    count = processes or (cores() if size > SMALL else 1)
    if count < 2:
        yield lambda steps: (_imported(store, step) for step in steps)
        return
    context = get_context("spawn")
    pool = ProcessPoolExecutor(count - 1, context, initializer=_begin, initargs=(store.opening,))
    try:
        for _ in range(count - 1):
            pool.submit(os.getpid)  # each starts a process
        yield lambda steps: _spread(store, pool, count - 1, steps)
    finally:
        pool.shutdown(cancel_futures=True)


class _Given(NamedTuple):
    """A step with what came of it, or with what will."""

    step: Step
    answer: "Future[Batch] | Batch"

    @property
    def is_done(self) -> bool:
        return isinstance(self.answer, Batch) or self.answer.done()


def _spread(
    store: "OwnedStore", pool: ProcessPoolExecutor, others: int, steps: Iterable[Step]
) -> Iterator[Batch]:
    """The others are given steps ahead; this process takes one whenever it would have to wait."""
    following = iter(steps)
    given: deque[_Given] = deque()
    more = True
    while True:
        while more and sum(not one.is_done for one in given) < others * AHEAD:
            step = next(following, None)
            if step is None:
                more = False
            else:
                given.append(_Given(step, _submitted(store, pool, step)))
        if not given:
            return
        if more and not given[0].is_done and len(given) < BEHIND:
            step = next(following, None)
            if step is not None:
                given.append(_Given(step, _imported(store, step)))
            more = step is not None
            continue
        yield _answer(store, given.popleft())


def _submitted(
    store: "OwnedStore", pool: ProcessPoolExecutor, step: Step
) -> "Future[Batch] | Batch":
    try:
        return pool.submit(_do, step)
    except BrokenProcessPool:
        return _imported(store, step)


def _answer(store: "OwnedStore", given: _Given) -> Batch:
    if isinstance(given.answer, Batch):
        return given.answer
    try:
        return given.answer.result()
    except BrokenProcessPool:
        return _imported(store, given.step)


def _imported(store: "OwnedStore", step: Step) -> Batch:
    with rare_collections():
        return import_step(store, step, personal_keys, set())


# in another process


class _Here:
    """What a process keeps from one step to the next."""

    store: "OwnedStore"


def _begin(opening: str) -> None:
    """Ctrl-C is for the first process, which lets the pieces in hand end; without it nobody goes
    on.
    """
    from infra.store.open import open_store

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.store = open_store(opening)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(step: Step) -> Batch:
    return _imported(_Here.store, step)
