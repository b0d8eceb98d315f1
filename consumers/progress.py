"""How far a run is: what its chunks have billed, how fast, and how long it still takes.

Made from what history says of each chunk, so it is the same whoever looks: after a crash it begins
with what is done, a chunk that is told twice counts once, and nothing ever goes back. Only the rate
is of here and now: it knows what was done since the look began, and of that the last seconds.

Pure: the time comes in as seconds of a clock that does not go back.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from aggregates.execution import Counts, add_counts

WINDOW = 15.0
"""Seconds over which a rate is measured."""

FEWEST = 3
"""Moments at which chunks were done that a rate wants, so that large chunks have one too."""

LONGEST = 60.0
"""Seconds after which nothing counts for a rate any more."""


class Done(NamedTuple):
    """A chunk that is done: what it billed, None when the execution may not go on; and the worker
    that did it, "" where one process does all.
    """

    chunk: int
    counts: Counts | None
    worker: str = ""


class Share(NamedTuple):
    """What one worker has done. Workers take chunk after chunk from one line, so each still has
    as long to work as the run; None for one that did nothing of late.
    """

    worker: str
    chunks: int
    counts: Counts
    rate: float | None
    remaining: float | None


class Progress(NamedTuple):
    """A run at one moment: chunks done and in all, what those done have billed, packages a second
    and seconds until the end, None while too little is known. `workers` are in order of name.
    """

    done: int
    chunks: int
    counts: Counts
    rate: float | None
    remaining: float | None
    workers: tuple[Share, ...]


class _Moment:
    """What was done at one time: packages by worker, and chunks."""

    __slots__ = ("at", "chunks", "packages")

    def __init__(self, at: float) -> None:
        self.at = at
        self.chunks = 0
        self.packages: dict[str, int] = {}


class Tally:
    """Counts a run. `before` is what was done when the count began: it counts, for no rate."""

    def __init__(self, chunks: int, now: float, before: Iterable[Done] = ()) -> None:
        self.chunks = chunks
        self.done = 0
        self.counts = Counts()
        self._known = bytearray(chunks)
        self._workers: dict[str, tuple[int, Counts]] = {}
        self._moments = deque([_Moment(now)])
        for one in before:
            self._count(one)

    def add(self, one: Done, now: float) -> bool:
        """Counts a chunk; False for one that was counted before, or that billed nothing because
        the execution may not go on.
        """
        if not self._count(one):
            return False
        if now > self._moments[-1].at:
            self._moments.append(_Moment(now))
        moment = self._moments[-1]
        moment.chunks += 1
        billed = 0 if one.counts is None else one.counts.packages_billed
        moment.packages[one.worker] = moment.packages.get(one.worker, 0) + billed
        self._forget(now)
        return True

    def at(self, now: float) -> Progress:
        """The run as it is."""
        self._forget(now)
        base, *recent = self._moments
        seconds = now - base.at
        known = seconds > 0 and bool(recent)
        chunks = sum(moment.chunks for moment in recent)
        left = self.chunks - self.done
        remaining = left * seconds / chunks if known else None
        if not left:
            remaining = 0.0
        lately: dict[str, int] = {}
        for moment in recent:
            for worker, packages in moment.packages.items():
                lately[worker] = lately.get(worker, 0) + packages
        shares = (
            Share(
                worker,
                *part,
                lately.get(worker, 0) / seconds if known else None,
                remaining if worker in lately or not left else None,
            )
            for worker, part in sorted(self._workers.items())
        )
        rate = sum(lately.values()) / seconds if known else None
        return Progress(self.done, self.chunks, self.counts, rate, remaining, tuple(shares))

    def _count(self, one: Done) -> bool:
        if one.counts is None or self._known[one.chunk]:
            return False
        self._known[one.chunk] = 1
        self.done += 1
        self.counts = add_counts(self.counts, one.counts)
        chunks, counts = self._workers.get(one.worker, (0, Counts()))
        self._workers[one.worker] = chunks + 1, add_counts(counts, one.counts)
        return True

    def _forget(self, now: float) -> None:
        """Leaves the moments of late. The first one left is only where the time begins."""
        moments = self._moments
        while len(moments) > FEWEST and moments[1].at <= now - WINDOW:
            moments.popleft()
        while len(moments) > 1 and moments[0].at < now - LONGEST:
            moments.popleft()
