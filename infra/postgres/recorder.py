"""The library's recorder on our tables (design decision 5), as `infra.store.recorder` is on SQLite.

Its Application, Repository and projections read our history; every way of writing goes through
the same order, chain and state rows. Readers poll: an append never notifies anybody (decision 7).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from commands.store import Metadata, Staged
from infra.postgres import appending, writing
from infra.postgres.appending import Waiting
from infra.postgres.pool import Sessions
from infra.store import library, state_rows
from infra.store.linking import link
from infra.store.prepared import encode_metadata

if TYPE_CHECKING:
    from infra.postgres.store import PostgresStore


class HistoryDatastore(PostgresDatastore):
    """The library's datastore over our pool; rows are dictionaries, as it expects them."""

    def __init__(self, sessions: Sessions, lock_timeout: float) -> None:
        self.sessions = sessions
        self.schema = sessions.address.schema
        self.lock_timeout = int(lock_timeout)
        self.originator_id_type = "uuid"
        self.single_row_tracking = True
        self.enable_db_functions = False
        self.db_type_names = set[str]()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}

    def register_type_adapters(self) -> None:
        """None: no composite types (parallel arrays are six times faster)."""

    @contextmanager
    def get_connection(self) -> Generator["Connection[DictRow]"]:
        with self.sessions.session() as session:
            connection = cast("Connection[Any]", session.connection)
            before = connection.row_factory
            connection.row_factory = dict_row
            try:
                yield connection
            finally:
                connection.row_factory = before

    def close(self) -> None:
        """The pool belongs to the store."""


class HistoryRecorder(PostgresProcessRecorder):
    def __init__(self, datastore: HistoryDatastore, store: "PostgresStore") -> None:
        super().__init__(datastore, events_table_name="events", tracking_table_name="tracking")
        self.sql_create_statements.clear()
        self._sessions = datastore.sessions
        self._store = store

    def create_table(self) -> None:
        """Nothing: the tables are made with the schema (`infra.postgres.create`)."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        changes: Sequence[Staged] = (),
        metadata: Metadata | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """`changes` carry the states of streams that keep a state row."""
        events = [library.encoded(stored) for stored in stored_events]
        library.refuse_missing_states(events, changes)
        writes = state_rows.row_writes(changes)
        written = encode_metadata(metadata or Metadata())
        waiting = Waiting(self._store.lock_timeout)
        with self._sessions.session() as session:
            try:
                with session.transaction(waiting.begin):
                    writing.write_states(session, writes)
                    head = appending.lock_head(session)
                    if events:
                        at = appending.now(session, self._store.clock)
                        appending.write_commit(session, link(head, events, written, at))
                    if kwargs.get("tracking") is not None:
                        connection = cast("Connection[Any]", session.connection)
                        with connection.cursor(row_factory=dict_row) as cursor:
                            self._insert_tracking(cursor, kwargs["tracking"])
            except psycopg.IntegrityError as taken:
                raise IntegrityError(str(taken)) from taken
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
        with self._sessions.session() as session:
            return library.select_events(session, originator_id, gt, lte, desc, limit)

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
        with self._sessions.session() as session:
            return library.select_notifications(
                session, start, limit, stop, topics, inclusive_of_start
            )

    def max_notification_id(self) -> int | None:
        """The position of the newest event."""
        with self._sessions.session() as session:
            return library.max_notification_id(session)

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError("an append notifies nobody: poll select_notifications")
