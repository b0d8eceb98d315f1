"""The library's recorder on our tables (design decision 5).

`insert_events`, `select_events`, `select_notifications`, `max_notification_id` and tracking answer
as the library's own recorder does, so its Application, Repository and projections read our
history; every way of writing goes through the same order, chain and state rows.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteCursor, SQLiteProcessRecorder

from commands.store import Batch, Committed, Metadata, Staged
from infra.store import appending, library, meta, state_rows
from infra.store.connect import HistoryConnection
from infra.store.datastore import HistoryDatastore
from infra.store.linking import read_head
from infra.store.prepared import encode_metadata, parts_of, prepare


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
        if parts_of(batch):
            with self.datastore.connection(commit=True) as connection:
                return appending.append_large(connection, batch, self.time(connection))
        prepared = prepare(batch)
        with self.datastore.connection(commit=True) as connection:
            return appending.append(connection, batch, prepared, self.time(connection))

    def time(self, connection: HistoryConnection) -> datetime:
        """The sandbox's clock if the file has one, else the computer's."""
        stored = meta.read_clock(connection)
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
        events = [library.encoded(stored) for stored in stored_events]
        library.refuse_missing_states(events, changes)
        connection = cast(HistoryConnection, c.sqlite_cursor.connection)
        try:
            head = read_head(connection)
            written = encode_metadata(metadata or Metadata())
            appending.write_events(connection, head, events, written, self.time(connection))
            state_rows.write(connection, state_rows.row_writes(changes))
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
        with self.datastore.connection(commit=False) as connection:
            return library.select_events(connection, originator_id, gt, lte, desc, limit)

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
        with self.datastore.connection(commit=False) as connection:
            return library.select_notifications(
                connection, start, limit, stop, topics, inclusive_of_start
            )
