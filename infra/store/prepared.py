"""A batch made ready before the lock is taken: everything encoded, nothing left to decide."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from aggregates.chunk import ChunkBilled
from aggregates.event import Event
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated
from aggregates.refusal import Refusal
from commands.store import LARGEST_EVENT, Batch, Metadata, Numbers, Staged
from infra.store.chain import ID_LENGTH, Middle, middle
from infra.store.database import Row
from infra.store.state_rows import RowWrite, RowWrites
from schemas.catalogue import BY_CLASS
from schemas.kinds import STATELESS

_encode = msgspec.json.Encoder().encode

LARGE = 50_000
"""Streams of a batch above which it is written in parts."""

PART = 2_000
"""Streams of a part."""

PLAIN, CLOSES_CHUNK = "", "\x00"


class EventKind(NamedTuple):
    """What all events of a type share: its stored name and version, and how these are hashed."""

    topic: str
    schema_version: int
    middle: Middle


@lru_cache(maxsize=1024)
def event_kind(topic: str, schema_version: int) -> EventKind:
    """The one kind of a stored name and version."""
    return EventKind(topic, schema_version, middle(topic, schema_version))


class EncodedEvent(msgspec.Struct, frozen=True, gc=False):
    """`gap` says what is still to be filled in under the lock (design decision 18): the number of
    a series, by its name, or a chunk's first and last number.
    """

    stream: StreamId
    version: int
    kind: EventKind
    payload: bytes
    gap: str = PLAIN


class Prepared(NamedTuple):
    events: list[EncodedEvent]
    rows: list[RowWrite]
    metadata: bytes
    numbered: dict[str, int]
    """How many numbers of each series the batch takes."""
    unnumbered: dict[StreamId, Row]
    """State rows that wait for the number of their document."""
    unguarded: list[tuple[StreamId, int]]
    """Streams without state row that are continued: (stream, the version that must be there)."""

    def written(self) -> dict[StreamId, int]:
        """The streams it writes, with their versions before."""
        return {event.stream: event.version - 1 for event in reversed(self.events)}


_kinds: dict[type[Event], EventKind] = {
    cls: event_kind(entry.name, entry.version) for cls, entry in BY_CLASS.items()
}


class EncodedPieces:
    """Encodes changes as they come (`commands.store.Pieces`)."""

    def __init__(self, numbers: Sequence[Numbers]) -> None:
        self._series = frozenset(one.series for one in numbers)
        self._events: list[EncodedEvent] = []
        self._rows = RowWrites()
        self._numbered: dict[str, int] = {}
        self._unguarded: list[tuple[StreamId, int]] = []

    def add(self, changes: Sequence[Staged]) -> None:
        self._events += encoded(changes, self._series, self._numbered)
        self._rows.add(changes)
        self._unguarded += unguarded(changes)

    def prepared(self, metadata: Metadata) -> Prepared:
        """All that was added, ready to be written."""
        return Prepared(
            self._events,
            self._rows.statements(),
            encode_metadata(metadata),
            self._numbered,
            self._rows.unnumbered,
            self._unguarded,
        )


def prepare(batch: Batch) -> Prepared:
    """Encodes a batch. Raises ValueError for one that could not be written as it stands, and the
    refusal `event_too_large`: then nothing of it is written.
    """
    pieces = batch.pieces or EncodedPieces(batch.numbers)
    if not isinstance(pieces, EncodedPieces):
        raise TypeError("pieces that another store has made ready")
    pieces.add(batch.changes)
    return pieces.prepared(batch.metadata)


def parts_of(batch: Batch) -> Iterator[list[Staged]] | None:
    """The changes of a large batch some at a time: encoded while it is written, it needs little
    memory. None if it is made ready as a whole, which keeps the lock short.
    """
    if len(batch.changes) <= LARGE or batch.numbers or batch.pieces is not None:
        return None
    return (batch.changes[at : at + PART] for at in range(0, len(batch.changes), PART))


def encoded(
    changes: Sequence[Staged], series: frozenset[str], numbered: dict[str, int]
) -> list[EncodedEvent]:
    """Events in stored form; `numbered` is told how many numbers of each series they take."""
    events: list[EncodedEvent] = []
    for staged in changes:
        version = staged.expected
        if len(staged.stream) != ID_LENGTH:
            raise ValueError(f"a stream id has 16 bytes: {staged.stream!r}")
        for event in staged.events:
            version += 1
            cls = type(event)
            gap = PLAIN
            if cls is InvoiceGenerated:
                gap = _gap(event, series)
                if gap:
                    numbered[gap] = numbered.get(gap, 0) + 1
            elif cls is ChunkBilled and series:
                gap = CLOSES_CHUNK
            payload = _encode(event)
            if len(payload) > LARGEST_EVENT:
                raise too_large(_kinds[cls].topic, len(payload))
            events.append(EncodedEvent(staged.stream, version, _kinds[cls], payload, gap))
    return events


def too_large(name: str, size: int) -> Refusal:
    """The refusal of an event that would not fit on a topic."""
    return Refusal(
        "event_too_large",
        f"an event {name} would have {size:,} bytes and {LARGEST_EVENT:,} are allowed; nothing was "
        "written: shorten its texts, or ask for less at once",
        event=name,
        bytes=size,
        allowed=LARGEST_EVENT,
    )


def encode_metadata(metadata: Metadata) -> bytes:
    """Who asked and why, without what is empty."""
    facts: dict[str, Any] = {
        "command": metadata.command,
        "requested_by": metadata.requested_by,
        "correlation": metadata.correlation,
    }
    return _encode({name: value for name, value in facts.items() if value})


def _gap(event: Any, series: frozenset[str]) -> str:
    if event.number:
        return PLAIN
    if event.series not in series:
        raise ValueError("an invoice without number in a batch without numbers of its series")
    return str(event.series)


def unguarded(changes: Sequence[Staged]) -> list[tuple[StreamId, int]]:
    """Streams without state row that are continued."""
    return [
        (staged.stream, staged.expected)
        for staged in changes
        if staged.expected and staged.kind in STATELESS
    ]


def written(changes: Sequence[Staged]) -> dict[StreamId, int]:
    """The streams that changes write, with their versions before."""
    return {staged.stream: staged.expected for staged in changes if staged.events}
