"""What happens under the order lock: positions, numbers, hashes, rows; nothing else."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from commands.store import Batch, Committed, Conflict, Head
from infra.store import chain, checks, numbers, state_rows
from infra.store.errors import StoreError
from infra.store.meta import microseconds, moment
from infra.store.prepared import CLOSES_CHUNK, NUMBERED, EncodedEvent, Prepared

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def read_head(cursor: sqlite3.Cursor | sqlite3.Connection) -> Head:
    row = cursor.execute("SELECT position, root, at FROM log_head").fetchone()
    if row is None:
        raise StoreError(
            "database_damaged", "the head of history is missing: restore a backup of the database"
        )
    position, root, at = row
    return Head(position, root, moment(at))


def append(cursor: sqlite3.Cursor, batch: Batch, prepared: Prepared, now: datetime) -> Committed:
    """Writes a prepared batch inside a transaction that holds the lock. Raises Conflict if what
    it relied on has changed.
    """
    head = read_head(cursor)
    if head.position != batch.read_at:
        checks.still_holds(cursor, batch)
    checks.continues(cursor, prepared.unguarded)
    try:
        first_number, last_number, events = _numbered(cursor, batch, prepared)
        following = write_events(cursor, head, events, prepared.metadata, now)
        state_rows.write(cursor, prepared.rows)
        _keys(cursor, batch)
    except sqlite3.IntegrityError as taken:
        raise Conflict(f"another writer was first: {taken}") from taken
    return Committed(following, head.position + 1, first_number, last_number)


def write_events(
    cursor: sqlite3.Cursor,
    head: Head,
    events: Sequence[EncodedEvent],
    metadata: bytes,
    now: datetime,
) -> Head:
    """Adds events behind the head as one commit; without any, history stays as it is."""
    if not events:
        return head
    at = max(microseconds(now), microseconds(head.at))
    tail = chain.tail(metadata, at)
    event_hash = chain.event_hash
    rows: list[tuple[object, ...]] = []
    hashes: list[bytes] = []
    position = head.position
    for stream, version, topic, schema_version, middle, payload, _ in events:
        position += 1
        hashed = event_hash(position, stream, version, middle, payload, tail)
        hashes.append(hashed)
        rows.append(
            (position, stream, version, topic, schema_version, payload, metadata, at, hashed)
        )
    cursor.executemany(_INSERT, rows)
    first = head.position + 1
    root = chain.commit_root(head.root, first, position, at, chain.merkle_root(hashes))
    cursor.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", (first, position, at, root))
    cursor.execute("UPDATE log_head SET position = ?, root = ?, at = ?", (position, root, at))
    return Head(position, root, moment(at))


def _numbered(
    cursor: sqlite3.Cursor, batch: Batch, prepared: Prepared
) -> tuple[int, int, list[EncodedEvent]]:
    """Takes the batch's block of invoice numbers and fills the gaps."""
    if batch.number_start is not None:
        numbers.raise_start(cursor, batch.number_start)
    wanted = batch.numbers
    if wanted is None or not prepared.invoices:
        return 0, 0, prepared.events
    first = numbers.take(cursor, wanted, prepared.invoices)
    last = first + prepared.invoices - 1
    events: list[EncodedEvent] = []
    sequence = first
    for event in prepared.events:
        if event.gap == NUMBERED:
            payload = numbers.with_number(event.payload, wanted, sequence)
            event = event._replace(payload=payload)
            sequence += 1
        elif event.gap == CLOSES_CHUNK:
            event = event._replace(payload=numbers.with_numbers(event.payload, first, last))
        events.append(event)
    return first, last, events


def _keys(cursor: sqlite3.Cursor, batch: Batch) -> None:
    if batch.new_keys:
        cursor.executemany("INSERT INTO personal_keys VALUES (?, ?)", list(batch.new_keys.items()))
    if batch.destroyed_keys:
        cursor.execute("PRAGMA secure_delete=ON")
        for account in batch.destroyed_keys:
            cursor.execute("DELETE FROM personal_keys WHERE account = ?", (account,))
