"""Work as it travels: chunks of executions, sent by schedulers and taken by workers.

A message only says that a chunk may be billed now. Losing it costs time and getting it twice costs
a look: version 1 of the chunk's stream is what keeps it from being billed twice (decision 17).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import msgspec

from aggregates import identity
from aggregates.identity import StreamId


class Work(NamedTuple):
    """A chunk to be billed."""

    execution: StreamId
    chunk: int

    @property
    def key(self) -> str:
        """The same chunk always goes the same way, so it is never in two hands."""
        return f"{identity.text(self.execution)}/{self.chunk}"


class Taken(NamedTuple):
    """A message in hand; `mark` is the queue's own. `work` None: nothing that we could read."""

    work: Work | None
    mark: Any


class Sending(Protocol):
    """Where schedulers send work."""

    def send(self, work: Iterable[Work]) -> None:
        """Returns when all of it is safely on its way."""
        ...

    def close(self) -> None: ...


class Queue(Protocol):
    """Where a worker takes work from, one chunk at a time."""

    def take(self, wait: float) -> Taken | None:
        """The next piece of work; None when none came within `wait` seconds."""
        ...

    def done(self, taken: Taken) -> None:
        """It need not come again."""
        ...

    def again(self, taken: Taken) -> None:
        """It was not done: the next `take` gives it again, here or elsewhere."""
        ...

    def close(self) -> None: ...


class _Body(msgspec.Struct, frozen=True):
    execution: str
    chunk: int


_decoder = msgspec.json.Decoder(_Body)


def encode(work: Work) -> bytes:
    """The value of a message, JSON."""
    return msgspec.json.encode(_Body(identity.text(work.execution), work.chunk))


def decode(value: bytes | None) -> Work | None:
    """The work in a message; None for anything that is none."""
    try:
        body = _decoder.decode(value or b"")
        execution = identity.parse(body.execution)
    except (msgspec.MsgspecError, ValueError):
        return None
    return Work(execution, body.chunk) if body.chunk >= 0 else None
