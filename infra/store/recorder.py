"""The library's recorder on our tables (design decision 5).

`insert_events`, `select_events`, `select_notifications`, `max_notification_id` and tracking answer
as the library's own recorder does, so its Application, Repository and projections read our
history; every way of writing goes through the same order, chain and state rows.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteCursor, SQLiteProcessRecorder

from commands.store import Batch, Committed, Metadata, Staged
from infra.store import appending, meta, state_rows
from infra.store.chain import middle
from infra.store.datastore import HistoryDatastore
from infra.store.prepared import PLAIN, EncodedEvent, encode_metadata, prepare
from schemas.kinds import STATELESS, kind_of_type

_COLUMNS = "position, stream, version, topic, schema_version, payload"


def library_topic(name: str, schema_version: int) -> str:
    """A stored type as the library's StoredEvent names it: `invoice.generated.v1`."""
    return f"{name}.v{schema_version}"


def split_topic(topic: str) -> tuple[str, int]:
    """The stored name and version behind it."""
    name, _, version = topic.rpartition(".v")
    return name, int(version)


class HistoryRecorder(SQLiteProcessRecorder):
    datastore: HistoryDatastore

    def __init__(self, datastore: HistoryDatastore, clock: Callable[[], datetime]) -> None:
        super().__init__(datastore, events_table_name="events")
        self.clock = clock
        self.select_max_notification_id_statement = "SELECT max(position) FROM events"

    def construct_create_table_statements(self) -> list[str]:
        """None: a file's tables are made with the file (`connect.create`)."""
        return []

    def append(self, batch: Batch) -> Committed:
        """The bulk path: encodes first, then one short transaction."""
        prepared = prepare(batch)
        with self.datastore.cursor(commit=True) as cursor:
            return appending.append(cursor, batch, prepared, self.time(cursor))

    def time(self, cursor: sqlite3.Cursor | sqlite3.Connection) -> datetime:
        """The sandbox's clock if the file has one, else the computer's."""
        stored = meta.read_clock(cursor)
        return self.clock() if stored is None else stored

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        changes: Sequence[Staged] = (),
        metadata: Metadata | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """The library's hook. `changes` carry the states of streams that keep a state row."""
        events = [_encoded(stored) for stored in stored_events]
        _refuse_missing_states(events, changes)
        cursor = c.sqlite_cursor
        try:
            head = appending.read_head(cursor)
            written = encode_metadata(metadata or Metadata())
            appending.write_events(cursor, head, events, written, self.time(cursor))
            state_rows.write(cursor, state_rows.row_writes(changes))
        except sqlite3.IntegrityError as taken:
            raise IntegrityError(taken) from taken
        if kwargs.get("tracking") is not None:
            self._insert_tracking(c, kwargs["tracking"])
        return range(head.position + 1, head.position + 1 + len(events))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of a stream, as the library's StoredEvent."""
        query = f"SELECT {_COLUMNS} FROM events WHERE stream = ?"
        params: list[Any] = [_stream(originator_id)]
        for condition, value in (("version > ?", gt), ("version <= ?", lte)):
            if value is not None:
                query += f" AND {condition}"
                params.append(value)
        query += " ORDER BY version DESC" if desc else " ORDER BY version"
        if limit is not None:
            query += " LIMIT ?"
            params.append(limit)
        with self.datastore.cursor(commit=False) as cursor:
            rows = cursor.execute(query, params).fetchall()
        return [
            StoredEvent(UUID(bytes=stream), version, library_topic(topic, schema), payload)
            for _, stream, version, topic, schema, payload in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The history in commit order, as the library's Notification."""
        query = f"SELECT {_COLUMNS} FROM events WHERE position >= ?"
        params: list[Any] = [(start or 0) + (0 if inclusive_of_start or start is None else 1)]
        if stop is not None:
            query += " AND position <= ?"
            params.append(stop)
        if topics:
            query += f" AND topic || '.v' || schema_version IN ({','.join('?' * len(topics))})"
            params.extend(topics)
        query += " ORDER BY position LIMIT ?"
        with self.datastore.cursor(commit=False) as cursor:
            rows = cursor.execute(query, [*params, limit]).fetchall()
        return [
            Notification(
                UUID(bytes=stream), version, library_topic(topic, schema), payload, id=position
            )
            for position, stream, version, topic, schema, payload in rows
        ]


def _stream(originator_id: UUID | str) -> bytes:
    return UUID(originator_id).bytes if isinstance(originator_id, str) else originator_id.bytes


def _encoded(stored: StoredEvent) -> EncodedEvent:
    name, version = split_topic(stored.topic)
    return EncodedEvent(
        _stream(stored.originator_id),
        stored.originator_version,
        name,
        version,
        middle(name, version),
        stored.state,
        PLAIN,
    )


def _refuse_missing_states(events: Sequence[EncodedEvent], changes: Sequence[Staged]) -> None:
    carried = {staged.stream for staged in changes}
    for event in events:
        kind = kind_of_type(event.topic)
        if kind not in STATELESS and event.stream not in carried:
            raise state_rows.MissingState(f"{kind} {event.stream.hex()} without its state")
