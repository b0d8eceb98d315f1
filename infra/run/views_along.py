"""Views that follow a run while it goes on: a process of its own brings along those of a file.

A run in a file keeps one core busy, and views are made of what is already committed. What the
process does is what the next reading verb would do (`Views.catch_up`), and whoever comes first
does it: so nothing depends on the process, and it may die at any instant.
"""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from infra.cores import cores
from infra.store.errors import StoreError

if TYPE_CHECKING:
    from commands.executions import Running
    from commands.store import Store
    from consumers.progress import Done
    from consumers.worker import Chunks

WORTH_IT = 10
"""Chunks of a run from which on it pays to start a process."""

_PAUSE = 0.1
"""Seconds without looking for new events."""

_LESS = 10
"""How much the process stands back where cores are scarce: the run goes first."""


@contextmanager
def views_along(address: str, chunks: int, busy: int = 1) -> Generator[None]:
    """While the block lasts, views in the file at `address` follow what is committed, if there is
    a core left by the `busy` processes of a run of so many chunks. At its end they may still be
    short of the newest events: the process ends with the batch in its hands.
    """
    if chunks < WORTH_IT or busy >= cores():
        yield
        return
    context = get_context("spawn")
    theirs, mine = context.Pipe(duplex=False)
    process = context.Process(target=_follow, args=(address, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield
    finally:
        mine.close()
        process.join()


def followed_by_views(bill: "Chunks", address: str, busy: int = 1) -> "Chunks":
    """Bills chunks as `bill` does in `busy` processes, while views follow."""

    def billing(store: "Store", running: "Running") -> "Generator[Done]":
        with views_along(address, running.chunks, busy):
            yield from bill(store, running)

    return billing


class _Over(Exception):
    """The run has ended, or its process has."""


def _follow(address: str, run: Connection) -> None:
    """Until the other end of `run` is closed. What stands in the way is told by whoever reads the
    views then; here it would only come between the lines of the run.
    """
    from infra.composition import open_app

    def go_on(_: int = 0, pause: float = 0.0) -> None:
        if run.poll(pause):
            raise _Over

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run is asked to cancel, and ends
    os.nice(_LESS)
    with suppress(_Over, StoreError), open_app(address) as app:
        while True:
            app.views.catch_up(go_on)
            go_on(pause=_PAUSE)
