"""The store on one SQLite file: implements `infra.store.owned`."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from aggregates.identity import StreamId
from commands.store import Batch, Committed, Head, Numbers, Pieces, Reading, Recorded, Stored
from infra.clock import utc_now
from infra.store import asking, errors, meta
from infra.store.connect import HistoryConnection, connect
from infra.store.database import Database
from infra.store.datastore import HistoryDatastore
from infra.store.errors import translated
from infra.store.linking import read_head
from infra.store.prepared import EncodedPieces
from infra.store.reading import SnapshotReading
from infra.store.recorder import HistoryRecorder

if TYPE_CHECKING:
    from infra.views.database import ViewsDatabase


class SqliteStore:
    """Opened by `infra.store.open.open_store`. One per process; safe to use from threads."""

    def __init__(
        self, path: Path, lock_timeout: float, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.path = path
        self.lock_timeout = lock_timeout
        self.datastore = HistoryDatastore(path, lock_timeout)
        self.recorder = HistoryRecorder(self.datastore, clock)
        self._own: HistoryConnection | None = None
        try:
            with self._reading() as connection:
                self.is_sandbox = meta.read_clock(connection) is not None
                self.epoch = meta.read(connection, meta.EPOCH) or ""
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @property
    def opening(self) -> str:
        return f"sqlite:///{quote(str(self.path.absolute()))}"

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None
        self.datastore.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connection(self) -> HistoryConnection:
        """A connection of its own for views, in autocommit mode."""
        if self._own is None:
            with translated(self.path):
                self._own = connect(self.path, self.lock_timeout)
        return self._own

    def views_database(self) -> "ViewsDatabase":
        from infra.views.on_sqlite import SqliteViews

        return SqliteViews(self.connection(), self.path)

    # reading

    @contextmanager
    def snapshot(self) -> Generator[Reading]:
        with self._reading() as connection:
            yield SnapshotReading(connection)

    @contextmanager
    def as_of(self, position: int) -> Generator[Reading]:
        from infra.store.as_of import PastReading

        with self._reading() as connection:
            yield PastReading(connection, position)

    @contextmanager
    def proving(self, of: str | None = None) -> Generator[Database]:
        """Reads text that is none, which somebody may have put there, without failing."""
        with self._reading() as connection:
            _begin_to_read(connection)
            before = connection.text_factory
            connection.text_factory = _decode
            try:
                yield connection
            finally:
                connection.text_factory = before

    @contextmanager
    def sharing(self, join: Callable[[str], None]) -> Generator[Database]:
        """Holds the writers' lock while all begin, so that they begin with the same commit."""
        with ExitStack() as stack:
            with self.datastore.connection(commit=True):
                database = stack.enter_context(self.proving())
                join("")
            yield database

    @property
    def head(self) -> Head:
        with self._reading() as connection:
            return read_head(connection)

    def stream(self, stream: StreamId, up_to: int | None = None) -> list[Recorded]:
        with self._reading() as connection:
            return asking.stream(connection, stream, up_to)

    def streams(self, streams: Sequence[StreamId]) -> dict[StreamId, list[Recorded]]:
        with self._reading() as connection:
            return asking.streams(connection, streams)

    def log(self, after: int, limit: int) -> list[Recorded]:
        with self._reading() as connection:
            return asking.log(connection, after, limit)

    def stored(self, after: int, limit: int) -> list[Stored]:
        with self._reading() as connection:
            return asking.stored(connection, after, limit)

    def exists(self, stream: StreamId) -> bool:
        with self._reading() as connection:
            return asking.exists(connection, stream)

    def accounts_moved_after(self, position: int) -> list[StreamId]:
        with self._reading() as connection:
            return asking.accounts_moved_after(connection, position)

    def keys_of(self, accounts: Sequence[StreamId]) -> dict[StreamId, bytes]:
        with self._reading() as connection:
            return asking.keys_of(connection, accounts)

    # writing

    def append(self, batch: Batch) -> Committed:
        committed = self.recorder.append(batch)
        if batch.destroyed_keys:
            self._wipe()
        return committed

    def pieces(self, numbers: Sequence[Numbers]) -> Pieces:
        return EncodedPieces(numbers)

    def _wipe(self) -> None:
        """Nothing of a destroyed key stays behind in the write-ahead log."""
        self.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # the clock

    def now(self) -> datetime:
        with self._reading() as connection:
            return self.recorder.time(connection)

    def set_clock(self, at: datetime) -> None:
        """Moves a sandbox's clock. It never goes back."""
        if not self.is_sandbox:
            raise errors.not_a_sandbox()
        with self.datastore.connection(commit=True) as connection:
            if at < self.recorder.time(connection):
                raise errors.clock_goes_back()
            meta.write_clock(connection, at)

    # facts beside history

    def fact(self, name: str) -> str | None:
        with self._reading() as connection:
            return meta.read(connection, name)

    def keep_fact(self, name: str, value: str) -> None:
        with self.datastore.connection(commit=True) as connection:
            meta.write(connection, name, value)

    # who runs what: `psutil` is imported only then

    def mark_running(self, execution: StreamId) -> None:
        from infra.store import runners

        runners.mark_running(self.datastore, execution)

    def unmark(self, execution: StreamId) -> None:
        from infra.store import runners

        runners.unmark(self.datastore, execution)

    def is_alive(self, execution: StreamId) -> bool:
        from infra.store import runners

        return runners.is_alive(self.datastore, execution)

    @contextmanager
    def _reading(self) -> Generator[HistoryConnection]:
        with self.datastore.connection(commit=False) as connection:
            yield connection


def _begin_to_read(connection: HistoryConnection) -> None:
    """A transaction reads what was committed before its first question."""
    connection.execute("SELECT 1 FROM meta").fetchone()


def _decode(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
