"""The event store of one owner in one SQLite file: the port of `commands.store`."""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from aggregates.identity import StreamId
from commands.store import Batch, Committed, Head, Reading, Recorded
from infra.clock import utc_now
from infra.store import checks, meta
from infra.store.appending import read_head
from infra.store.connect import connect
from infra.store.datastore import HistoryDatastore
from infra.store.errors import StoreError, translated
from infra.store.reading import SnapshotReading
from infra.store.recorder import HistoryRecorder
from infra.store.rows import EVENT_COLUMNS, batches, marks, recorded


class SqliteStore:
    """Opened by `infra.store.open.open_store`. One per process; safe to use from threads."""

    def __init__(
        self, path: Path, lock_timeout: float, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.path = path
        self.lock_timeout = lock_timeout
        self.datastore = HistoryDatastore(path, lock_timeout)
        self.recorder = HistoryRecorder(self.datastore, clock)
        self._views: sqlite3.Connection | None = None
        try:
            with self._reading() as cursor:
                self.is_sandbox = meta.read_clock(cursor) is not None
                self.epoch = meta.read(cursor, meta.EPOCH) or ""
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._views is not None:
            self._views.close()
            self._views = None
        self.datastore.close()

    def __enter__(self) -> "SqliteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connection(self) -> sqlite3.Connection:
        """A connection of its own for views, in autocommit mode."""
        if self._views is None:
            with translated(self.path):
                self._views = connect(self.path, self.lock_timeout)
        return self._views

    # reading

    @contextmanager
    def snapshot(self) -> Generator[Reading]:
        with self._reading() as cursor:
            yield SnapshotReading(cursor.connection)

    @contextmanager
    def as_of(self, position: int) -> Generator[Reading]:
        from infra.store.as_of import PastReading

        with self._reading() as cursor:
            yield PastReading(cursor.connection, position)

    @property
    def head(self) -> Head:
        with self._reading() as cursor:
            return read_head(cursor)

    def stream(self, stream: StreamId, up_to: int | None = None) -> list[Recorded]:
        query = f"SELECT {EVENT_COLUMNS} FROM events WHERE stream = ?"
        params: list[object] = [stream]
        if up_to is not None:
            query += " AND position <= ?"
            params.append(up_to)
        with self._reading() as cursor:
            rows = cursor.execute(f"{query} ORDER BY version", params).fetchall()
        return [recorded(row) for row in rows]

    def streams(self, streams: Sequence[StreamId]) -> dict[StreamId, list[Recorded]]:
        found: dict[StreamId, list[Recorded]] = {stream: [] for stream in streams}
        with self._reading() as cursor:
            for some in batches(streams, checks.MANY):
                query = (
                    f"SELECT {EVENT_COLUMNS} FROM events WHERE stream IN ({marks(some)}) "
                    "ORDER BY stream, version"
                )
                for row in cursor.execute(query, some):
                    found[row[1]].append(recorded(row))
        return found

    def log(self, after: int, limit: int) -> list[Recorded]:
        query = f"SELECT {EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"
        with self._reading() as cursor:
            rows = cursor.execute(query, (after, limit)).fetchall()
        return [recorded(row) for row in rows]

    def exists(self, stream: StreamId) -> bool:
        query = "SELECT 1 FROM events WHERE stream = ? LIMIT 1"
        with self._reading() as cursor:
            return cursor.execute(query, (stream,)).fetchone() is not None

    def accounts_moved_after(self, position: int) -> list[StreamId]:
        query = (
            "SELECT DISTINCT stream FROM events "
            "WHERE topic = 'account.invoicer_changed' AND position > ? ORDER BY stream"
        )
        with self._reading() as cursor:
            return [stream for (stream,) in cursor.execute(query, (position,))]

    def keys_of(self, accounts: Sequence[StreamId]) -> dict[StreamId, bytes]:
        found: dict[StreamId, bytes] = {}
        with self._reading() as cursor:
            for some in batches(accounts, checks.MANY):
                query = f"SELECT account, key FROM personal_keys WHERE account IN ({marks(some)})"
                found.update(cursor.execute(query, some).fetchall())
        return found

    # writing

    def append(self, batch: Batch) -> Committed:
        committed = self.recorder.append(batch)
        if batch.destroyed_keys:
            self._wipe()
        return committed

    def _wipe(self) -> None:
        """Nothing of a destroyed key stays behind in the write-ahead log."""
        self.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # the clock

    def now(self) -> datetime:
        with self._reading() as cursor:
            return self.recorder.time(cursor)

    def set_clock(self, at: datetime) -> None:
        """Moves a sandbox's clock. It never goes back."""
        if not self.is_sandbox:
            raise StoreError(
                "not_a_sandbox",
                "the clock of this database is the computer's: "
                "make a sandbox with `billstream init --sandbox --clock TIME`",
            )
        with self.datastore.cursor(commit=True) as cursor:
            if at < self.recorder.time(cursor):
                raise StoreError("clock_goes_back", "a clock cannot be set back")
            meta.write_clock(cursor, at)

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Cursor]:
        with self.datastore.cursor(commit=False) as cursor:
            yield cursor
