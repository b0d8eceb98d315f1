"""The store in a schema of a PostgreSQL server: implements `infra.store.owned`."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Self

import psycopg

from aggregates.identity import StreamId
from commands.store import Batch, Committed, Head, Numbers, Pieces, Reading, Recorded, Stored
from infra.postgres import appending, errors, runners, stuck
from infra.postgres.address import Address
from infra.postgres.appending import Waiting
from infra.postgres.errors import translated
from infra.postgres.pool import Sessions
from infra.postgres.session import Session, connect
from infra.store import asking, meta
from infra.store import errors as common
from infra.store.database import Database
from infra.store.linking import read_head
from infra.store.owned import Clock
from infra.store.prepared import EncodedPieces, Prepared, parts_of, prepare
from infra.store.reading import SnapshotReading

if TYPE_CHECKING:
    from infra.postgres.recorder import HistoryRecorder
    from infra.postgres.views import PostgresViews
    from infra.views.database import ViewsDatabase


_TO_THE_END = (
    "SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB';"
    "SET LOCAL max_parallel_workers_per_gather = 0"
)
"""For a reader of everything, who brings along as many processes as there should be."""


class PostgresStore:
    """Opened by `infra.store.open.open_store`. One per process; safe to use from threads."""

    def __init__(
        self, address: Address, facts: dict[str, str], lock_timeout: float, clock: Clock | None
    ) -> None:
        self.address = address
        self.lock_timeout = lock_timeout
        self.clock = clock
        self.is_sandbox = meta.SANDBOX_CLOCK in facts
        self.epoch = facts[meta.EPOCH]
        self.sessions = Sessions(address)
        self._views: PostgresViews | None = None
        self._marks: Session | None = None
        self._recorder: HistoryRecorder | None = None
        self._marking = Lock()

    @property
    def url(self) -> str:
        return self.address.shown

    @property
    def opening(self) -> str:
        return self.address.opening

    def close(self) -> None:
        if self._views is not None:
            self._views.close()
            self._views = None
        if self._marks is not None:
            self._marks.close()
            self._marks = None
        self.sessions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def recorder(self) -> "HistoryRecorder":
        """The library's interface to this history; the library is imported only for it."""
        from infra.postgres.recorder import HistoryDatastore, HistoryRecorder

        if self._recorder is None:
            datastore = HistoryDatastore(self.sessions, self.lock_timeout)
            self._recorder = HistoryRecorder(datastore, self)
        return self._recorder

    def views_database(self) -> "ViewsDatabase":
        from infra.postgres.views import PostgresViews

        if self._views is None:
            self._views = PostgresViews(self.address, self.lock_timeout)
        return self._views

    # reading

    @contextmanager
    def snapshot(self) -> Generator[Reading]:
        with self.sessions.reading() as session:
            yield SnapshotReading(session)

    @contextmanager
    def as_of(self, position: int) -> Generator[Reading]:
        from infra.store.as_of import PastReading

        with self.sessions.reading() as session:
            yield PastReading(session, position)

    @contextmanager
    def proving(self, of: str | None = None) -> Generator[Database]:
        with self.sessions.reading(of) as session:
            session.run(_TO_THE_END)
            yield session

    @contextmanager
    def sharing(self, join: Callable[[str], None]) -> Generator[Database]:
        with self.sessions.reading() as session:
            session.run(_TO_THE_END)
            ((name,),) = session.execute("SELECT pg_export_snapshot()")
            join(name)
            yield session

    @property
    def head(self) -> Head:
        with self.sessions.session() as session:
            return read_head(session)

    def stream(self, stream: StreamId, up_to: int | None = None) -> list[Recorded]:
        with self.sessions.session() as session:
            return asking.stream(session, stream, up_to)

    def streams(self, streams: Sequence[StreamId]) -> dict[StreamId, list[Recorded]]:
        with self.sessions.reading() as session:
            return asking.streams(session, streams)

    def log(self, after: int, limit: int) -> list[Recorded]:
        with self.sessions.session() as session:
            return asking.log(session, after, limit)

    def stored(self, after: int, limit: int) -> list[Stored]:
        with self.sessions.session() as session:
            return asking.stored(session, after, limit)

    def exists(self, stream: StreamId) -> bool:
        with self.sessions.session() as session:
            return asking.exists(session, stream)

    def accounts_moved_after(self, position: int) -> list[StreamId]:
        with self.sessions.session() as session:
            return asking.accounts_moved_after(session, position)

    def keys_of(self, accounts: Sequence[StreamId]) -> dict[StreamId, bytes]:
        with self.sessions.session() as session:
            return asking.keys_of(session, accounts)

    # writing

    def append(self, batch: Batch) -> Committed:
        """Encodes first, then one short transaction."""
        committed = self._append(batch, None if parts_of(batch) else prepare(batch))
        if batch.destroyed_keys:
            self._wipe()
        return committed

    def pieces(self, numbers: Sequence[Numbers]) -> Pieces:
        return EncodedPieces(numbers)

    def _append(self, batch: Batch, prepared: Prepared | None) -> Committed:
        """Waits a few seconds at a time; in between, it ends a holder that has been stopped. What
        waited in vain was rolled back and begins again: nothing was decided under a lock.
        """
        until = monotonic() + self.lock_timeout
        while True:
            wait = Waiting(min(stuck.PATIENCE, max(0.001, until - monotonic())))
            with self.sessions.session() as session:
                try:
                    return appending.append(session, batch, prepared, self.clock, wait)
                except psycopg.errors.LockNotAvailable:
                    if monotonic() >= until:
                        raise errors.locked(self.address) from None
                    stuck.end_stuck_holders(session)

    def _wipe(self) -> None:
        """The row of a destroyed key leaves its table; the server's log and its backups keep it
        for as long as they are kept.
        """
        with self.sessions.session() as session:
            session.run("VACUUM personal_keys")

    # the clock

    def now(self) -> datetime:
        with self.sessions.session() as session:
            return appending.now(session, self.clock)

    def set_clock(self, at: datetime) -> None:
        """Moves a sandbox's clock. It never goes back."""
        if not self.is_sandbox:
            raise common.not_a_sandbox()
        with self.sessions.session() as session, session.transaction("BEGIN"):
            session.execute("SELECT 1 FROM meta WHERE key = ? FOR UPDATE", (meta.SANDBOX_CLOCK,))
            if at < appending.now(session, self.clock):
                raise common.clock_goes_back()
            meta.write_clock(session, at)

    # facts beside history

    def fact(self, name: str) -> str | None:
        with self.sessions.session() as session:
            return meta.read(session, name)

    def keep_fact(self, name: str, value: str) -> None:
        with self.sessions.session() as session, session.transaction("BEGIN"):
            meta.write(session, name, value)

    # who runs what

    def mark_running(self, execution: StreamId) -> None:
        with translated(self.address), self._marking:
            if self._marks is not None:
                try:
                    return runners.mark(self._marks, self.epoch, execution)
                except psycopg.OperationalError:
                    self._marks.close()  # the server was away, and with it the old marks
            self._marks = connect(self.address)
            runners.mark(self._marks, self.epoch, execution)

    def unmark(self, execution: StreamId) -> None:
        with self._marking, suppress(psycopg.OperationalError):  # a lost connection marks nothing
            if self._marks is not None:
                runners.unmark(self._marks, self.epoch, execution)

    def is_alive(self, execution: StreamId) -> bool:
        with self.sessions.session() as session:
            return runners.is_alive(session, self.epoch, execution)
