"""Telling how far executions are: by the schedulers, who follow them anyway.

Any number of schedulers may run, and each execution is told by one of them: its row beside history
says by whom and how often it was told, and who wants to tell takes the next turn. While the teller
lives it takes a turn a second; when its turns stand still another one takes over. The row goes when
the last message has arrived, so that one is told even when everybody died meanwhile.

Telling is never in the way: what goes wrong is logged and left, and the run goes on.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import ceil
from time import monotonic
from typing import NamedTuple, Protocol

import structlog

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId, text
from aggregates.refusal import Refusal
from commands.executions import find_execution
from commands.store import Store
from consumers.progress import Progress, Share
from consumers.remaining import Remaining
from schemas.progress import ExecutionProgress, WorkerProgress

EVERY = 1.0
"""Seconds between two messages about one execution, at least."""

TAKE_OVER = 5.0
"""Seconds after which a teller that takes no turns counts as gone."""

LEFT = 10.0
"""Seconds between two looks for executions that nobody follows any more."""

log = structlog.get_logger()


class Turn(NamedTuple):
    """Whose turn was the last, and how many there were; "" and 0 before the first."""

    teller: str
    number: int


class Turns(Protocol):
    """Who tells what, kept beside history."""

    def begin(self, execution: StreamId) -> None:
        """The execution is to be told; nothing changes when it is already."""
        ...

    def all(self) -> dict[StreamId, Turn]:
        """The last turn of each execution that is to be told."""
        ...

    def take(self, execution: StreamId, last: Turn) -> Turn | None:
        """The next turn, ours; None when somebody else has taken it."""
        ...

    def end(self, execution: StreamId) -> None:
        """The execution needs not be told any more."""
        ...


class Announcing(Protocol):
    """Where progress goes. Nothing here waits for anything."""

    def announce(self, progress: ExecutionProgress) -> None:
        """Sends it soon, or never; the newest of an execution takes the place of older ones."""
        ...

    def has_arrived(self, execution: str) -> bool:
        """The last message of the execution is where it belongs."""
        ...

    def close(self) -> None: ...


class _Seen(NamedTuple):
    """A turn, when it was first seen, and whether it was ours and told the end."""

    turn: Turn
    at: float
    told_end: bool = False


class Telling:
    """Tells what one scheduler follows, when it is its turn. `me` is what it is called."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        announcing: Announcing,
        me: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._turns = turns
        self._announcing = announcing
        self._me = me
        self._now = now
        self._clock = clock
        self._followed: dict[StreamId, Remaining] = {}
        self._seen: dict[StreamId, _Seen] = {}
        self._look_at = self._left_at = float("-inf")
        self._troubled = False

    def step(self, followed: Mapping[StreamId, Remaining]) -> None:
        """Tells what is due, given the executions that are followed now. Raises nothing."""
        now = self._clock()
        new = [one for one in followed if one not in self._followed]
        if now < self._look_at and not new:
            return
        self._look_at = now + EVERY / 4
        try:
            for execution in new:
                self._turns.begin(execution)
                self._followed[execution] = followed[execution]
            if self._followed or now >= self._left_at:
                self._left_at = now + LEFT
                self._tell(followed, now)
        except Exception as error:
            self._look_at = now + TAKE_OVER
            if not self._troubled:
                log.warning("progress not told", reason=str(error)[:500])
            self._troubled = True
        else:
            self._troubled = False

    def close(self) -> None:
        self._announcing.close()

    def _tell(self, followed: Mapping[StreamId, Remaining], now: float) -> None:
        found = self._turns.all()
        for gone in {*self._seen, *self._followed} - {*found, *followed}:
            self._forget(gone)
        for execution, turn in found.items():
            seen = self._seen.get(execution)
            if seen is None or seen.turn != turn:
                seen = self._seen[execution] = _Seen(turn, now)
            if self._announcing.has_arrived(text(execution)):
                self._turns.end(execution)
                self._forget(execution)
            elif now - seen.at >= self._patience(seen, execution in followed):
                self._try(execution, turn, execution in followed, now)

    def _patience(self, seen: _Seen, runs: bool) -> float:
        """The end is told at once, and told again if it does not arrive."""
        if not seen.turn.number:
            return 0.0
        if seen.turn.teller != self._me or seen.told_end:
            return TAKE_OVER
        return EVERY if runs else 0.0

    def _try(self, execution: StreamId, last: Turn, runs: bool, now: float) -> None:
        """One that cannot be told must not keep the others from it."""
        try:
            self._take(execution, last, runs, now)
        except Refusal as refusal:
            log.warning("progress not told", correlation_id=text(execution), code=refusal.code)
            self._turns.end(execution)

    def _take(self, execution: StreamId, last: Turn, runs: bool, now: float) -> None:
        turn = self._turns.take(execution, last)
        if turn is None:
            return
        with self._store.snapshot() as reading:
            state: ExecutionState = find_execution(reading, execution).state
        remaining = self._followed.get(execution)
        if remaining is None:
            remaining = self._followed[execution] = Remaining(self._store, execution, self._clock)
        if not runs or state.status in FINISHED:
            remaining.look()  # while it runs its scheduler has just looked, and wants to see moves
        message = told(text(execution), state, remaining.tally.at(now), self._now())
        self._seen[execution] = _Seen(turn, now, message.is_last)
        self._announcing.announce(message)

    def _forget(self, execution: StreamId) -> None:
        self._followed.pop(execution, None)
        self._seen.pop(execution, None)


def told(
    execution: str, state: ExecutionState, progress: Progress, at: datetime
) -> ExecutionProgress:
    """The message about an execution; one that has ended says what it says itself."""
    ended = state.status in FINISHED
    counts = state.counts if ended else progress.counts
    return ExecutionProgress(
        execution=execution,
        bill_run=state.bill_run,
        status=state.status if ended else "running",
        at=at,
        chunks_done=progress.done,
        chunks=progress.chunks,
        packages_billed=counts.packages_billed,
        cycles_billed=counts.cycles_billed,
        invoices_generated=counts.invoices_generated,
        failed=counts.failed,
        left_behind=counts.left_behind,
        packages_per_second=_rate(progress.rate),
        remaining_seconds=0 if ended else _seconds(progress.remaining),
        workers=tuple(_of_worker(share, ended) for share in progress.workers),
    )


def _of_worker(share: Share, ended: bool) -> WorkerProgress:
    counts = share.counts
    return WorkerProgress(
        worker=share.worker,
        chunks_done=share.chunks,
        packages_billed=counts.packages_billed,
        cycles_billed=counts.cycles_billed,
        invoices_generated=counts.invoices_generated,
        failed=counts.failed,
        packages_per_second=_rate(share.rate),
        remaining_seconds=0 if ended else _seconds(share.remaining),
    )


def _rate(rate: float | None) -> int | None:
    """What moves at all is not said to stand still."""
    return None if rate is None else ceil(rate) if rate < 1 else round(rate)


def _seconds(remaining: float | None) -> int | None:
    return None if remaining is None else ceil(remaining)
