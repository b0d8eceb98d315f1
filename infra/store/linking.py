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


class Linking:
    """A commit in the making behind a head. Time never goes back in history."""

    def __init__(self, head: Head, metadata: bytes, now: datetime) -> None:
        self._head = head
        self._metadata = metadata
        self._at = max(microseconds(now), microseconds(head.at))
        self._tail = chain.tail(metadata, self._at)
        self._tree: chain.GrowingTree | None = None
        self._latest: list[bytes] = []
        self._count = 0

    def rows(self, events: Sequence[EncodedEvent]) -> list[Row]:
        """The next events as rows of `events`."""
        metadata, at, tail = self._metadata, self._at, self._tail
        event_hash = chain.event_hash
        rows: list[Row] = []
        if self._latest:
            self._tree = self._grown(self._tree or chain.GrowingTree())
        hashes = self._latest = []
        position = self._head.position + self._count
        for event in events:
            position += 1
            stream, version, payload = event.stream, event.version, event.payload
            topic, schema_version, middle = event.kind
            hashed = event_hash(position, stream, version, middle, payload, tail)
            hashes.append(hashed)
            rows.append(
                (position, stream, version, topic, schema_version, payload, metadata, at, hashed)
            )
        self._count += len(events)
        return rows

    def commit(self) -> tuple[int, int, int, bytes]:
        """The row of the commit, when all events are in."""
        first, last = self._head.position + 1, self._head.position + self._count
        if self._tree is None:
            merkle = chain.merkle_root(self._latest)
        else:
            merkle = self._grown(self._tree).root()
        root = chain.commit_root(self._head.root, first, last, self._at, merkle)
        return first, last, self._at, root

    def _grown(self, tree: chain.GrowingTree) -> chain.GrowingTree:
        tree.extend(self._latest)
        return tree


def link(head: Head, events: Sequence[EncodedEvent], metadata: bytes, now: datetime) -> Linked:
    """The commit of events that follow the head."""
    linking = Linking(head, metadata, now)
    rows = linking.rows(events)
    return Linked(rows, linking.commit())
