"""New events become a commit behind the head: positions, hashes, root. Pure but for reading the
head; both stores write what comes out of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from commands.store import Head
from infra.store import chain
from infra.store.database import Database, Row
from infra.store.errors import StoreError
from infra.store.meta import microseconds, moment
from infra.store.prepared import EncodedEvent


class Linked(NamedTuple):
    """A commit ready to be written: rows of `events` in column order, and its own row."""

    rows: list[Row]
    commit: tuple[int, int, int, bytes]
    """First and last position, time in microseconds, root."""

    @property
    def head(self) -> Head:
        _, last, at, root = self.commit
        return Head(last, root, moment(at))


def read_head(database: Database) -> Head:
    """The newest commit."""
    return head_of(database.execute("SELECT position, root, at FROM log_head").fetchone())


def head_of(row: Row | None) -> Head:
    """The head in a row of position, root and time."""
    if row is None:
        raise StoreError(
            "database_damaged", "the head of history is missing: restore a backup of the database"
        )
    position, root, at = row
    return Head(position, root, moment(at))


def link(head: Head, events: Sequence[EncodedEvent], metadata: bytes, now: datetime) -> Linked:
    """The commit of events that follow the head. Time never goes back in history."""
    at = max(microseconds(now), microseconds(head.at))
    tail = chain.tail(metadata, at)
    event_hash = chain.event_hash
    rows: list[Row] = []
    hashes: list[bytes] = []
    position = head.position
    for event in events:
        position += 1
        stream, version, payload = event.stream, event.version, event.payload
        topic, schema_version, middle = event.kind
        hashed = event_hash(position, stream, version, middle, payload, tail)
        hashes.append(hashed)
        rows.append(
            (position, stream, version, topic, schema_version, payload, metadata, at, hashed)
        )
    first = head.position + 1
    root = chain.commit_root(head.root, first, position, at, chain.merkle_root(hashes))
    return Linked(rows, (first, position, at, root))
