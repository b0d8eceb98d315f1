"""What happens under SQLite's lock: positions, numbers, hashes, rows; nothing else."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from commands.store import Batch, Committed, Conflict, Head
from infra.store import checks, numbers, state_rows
from infra.store.connect import HistoryConnection
from infra.store.linking import Linked, Linking, link, read_head
from infra.store.prepared import (
    EncodedEvent,
    Prepared,
    encode_metadata,
    encoded,
    parts_of,
    unguarded,
    written,
)

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def append(
    connection: HistoryConnection, batch: Batch, prepared: Prepared, now: datetime
) -> Committed:
    """Writes a prepared batch inside a transaction that holds the lock. Raises Conflict if what
    it relied on has changed.
    """
    head = read_head(connection)
    if head.position != batch.read_at:
        checks.still_holds(connection, batch, prepared.written(), head.position)
    checks.continues(connection, prepared.unguarded)
    try:
        given = numbers.taken(connection, batch, prepared)
        following = write_events(connection, head, given.events, prepared.metadata, now)
        state_rows.write(connection, prepared.rows)
        state_rows.write(connection, given.rows)
        _keys(connection, batch)
    except sqlite3.IntegrityError as taken:
        raise Conflict(f"another writer was first: {taken}") from taken
    return Committed(following, head.position + 1, given.first, given.last)


def append_large(connection: HistoryConnection, batch: Batch, now: datetime) -> Committed:
    """The same, encoding part by part."""
    head = read_head(connection)
    if head.position != batch.read_at:
        checks.still_holds(connection, batch, written(batch.changes), head.position)
    checks.continues(connection, unguarded(batch.changes))
    numbers.raise_starts(connection, batch)
    linking = Linking(head, encode_metadata(batch.metadata), now)
    try:
        for part in parts_of(batch) or ():
            state_rows.write(connection, state_rows.row_writes(part))
            events = linking.rows(encoded(part, frozenset(), {}))
            connection.executemany(_INSERT, events)
        _keys(connection, batch)
    except sqlite3.IntegrityError as taken:
        raise Conflict(f"another writer was first: {taken}") from taken
    commit = linking.commit()
    _write_commit(connection, commit)
    return Committed(Linked([], commit).head, head.position + 1)


def write_events(
    connection: HistoryConnection,
    head: Head,
    events: Sequence[EncodedEvent],
    metadata: bytes,
    now: datetime,
) -> Head:
    """Adds events behind the head as one commit; without any, history stays as it is."""
    if not events:
        return head
    linked = link(head, events, metadata, now)
    connection.executemany(_INSERT, linked.rows)
    _write_commit(connection, linked.commit)
    return linked.head


def _write_commit(connection: HistoryConnection, commit: tuple[int, int, int, bytes]) -> None:
    _, last, at, root = commit
    connection.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", commit)
    connection.execute("UPDATE log_head SET position = ?, root = ?, at = ?", (last, root, at))


def _keys(connection: HistoryConnection, batch: Batch) -> None:
    if batch.new_keys:
        keys = list(batch.new_keys.items())
        connection.executemany("INSERT INTO personal_keys VALUES (?, ?)", keys)
    if batch.destroyed_keys:
        connection.execute("PRAGMA secure_delete=ON")
        for account in batch.destroyed_keys:
            connection.execute("DELETE FROM personal_keys WHERE account = ?", (account,))
