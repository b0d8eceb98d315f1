"""A chunk that has ended three workers is taken apart in processes of their own: in halves, until
each invoicer that ends its process is known. These fail with `worker_died`; the others are billed
(design decision 20).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

import structlog

from aggregates.identity import StreamId, text
from aggregates.refusal import Refusal
from consumers.role import Meter, Silent
from consumers.work import Work

DEATHS = 3
"""How many workers a chunk, or an invoicer alone, may end before it is believed."""

Result = TypeVar("Result")

log = structlog.get_logger()


def unreadable(work: Work) -> Refusal:
    """No invoicer is at fault, or none that can be named: reading the chunk is enough."""
    execution = text(work.execution)
    return Refusal(
        "chunk_ends_workers",
        f"chunk {work.chunk} of execution {execution} ends every process that reads it, whatever "
        "it leaves out; nothing of it was billed: give workers more memory, then "
        f"`billstream execution resume {execution}`, or let `billstream run` try again",
    )


class Attempts(Protocol):
    """Who began which chunk and never said how it went. Kept beside history."""

    def begin(self, work: Work) -> int:
        """Notes, before the work, that this worker begins. How many others began and did not come
        back.
        """
        ...

    def end(self, work: Work) -> None:
        """This worker lives; however the work went."""
        ...

    def forget(self, execution: StreamId) -> None:
        """The execution has ended."""
        ...


class Isolation(Protocol):
    """Bills parts of a chunk in a process of its own, to see whether that lives."""

    def invoicers(self, work: Work) -> list[str]:
        """Those of the chunk, by number."""
        ...

    def lives(self, work: Work, only: Collection[str]) -> bool:
        """A process that bills these invoicers, and writes nothing, lives."""
        ...

    def bills(self, work: Work, died: Collection[str]) -> bool:
        """A process that bills the chunk without these invoicers lives; then it is billed."""
        ...


class Careful:
    """Bills chunks so that none ends workers for ever."""

    def __init__(
        self, attempts: Attempts, isolation: Isolation, meter: Meter | None = None
    ) -> None:
        self._attempts = attempts
        self._isolation = isolation
        self._meter = meter or Silent()

    def bill(self, work: Work, once: Callable[[], Result]) -> Result | None:
        """What `once` gives, which bills the chunk in this process; None when the chunk was taken
        apart instead, and is done.
        """
        deaths = self._attempts.begin(work)
        try:
            if deaths < DEATHS:
                return once()
            self._isolate(work)
            return None
        finally:
            self._attempts.end(work)

    def forget(self, execution: StreamId) -> None:
        """The execution has ended."""
        self._attempts.forget(execution)

    def _isolate(self, work: Work) -> None:
        named = {"correlation_id": text(work.execution), "chunk": work.chunk}
        log.warning("chunk ended its workers: taken apart", **named)
        suspects = self._isolation.invoicers(work)
        died = self._culprits(work, suspects)
        log.error("invoicers that end their worker", invoicers=died, **named)
        if not self._survives(work, died) and not self._isolation.bills(work, suspects):
            raise unreadable(work)
        self._meter.add("failures", len(died))

    def _survives(self, work: Work, died: Collection[str]) -> bool:
        return any(self._isolation.bills(work, died) for _ in range(DEATHS))

    def _culprits(self, work: Work, suspects: Sequence[str]) -> list[str]:
        """Halves that live are innocent; of one that dies, its halves are looked at."""
        tries = DEATHS if len(suspects) == 1 else 1
        if not suspects or any(self._isolation.lives(work, suspects) for _ in range(tries)):
            return []
        if len(suspects) == 1:
            return list(suspects)
        half = len(suspects) // 2
        return self._culprits(work, suspects[:half]) + self._culprits(work, suspects[half:])
