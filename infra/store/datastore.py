"""The library's connection pool, opening connections our way and locking at BEGIN."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from infra.store.connect import HistoryConnection, connect
from infra.store.errors import translated


class HistoryPool(SQLiteConnectionPool):
    """Connections to an owner's file; the longest wait is the lock timeout."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        self.path = path
        self.wait = lock_timeout
        super().__init__(db_name=str(path), pool_timeout=max(lock_timeout, 30.0))

    def _create_connection(self) -> SQLiteConnection:
        return SQLiteConnection(connect(self.path, self.wait), max_age=None)


class HistoryDatastore(SQLiteDatastore):
    """Writers take the lock when they begin: the library's deferred BEGIN fails at once when
    another commits between its read and its write (design decision 32).
    """

    def __init__(self, path: Path, lock_timeout: float) -> None:
        super().__init__(str(path))
        self.pool = HistoryPool(path, lock_timeout)
        self.path = path

    @contextmanager
    def transaction(self, *, commit: bool) -> Generator[SQLiteCursor]:
        with self.connection(commit=commit) as connection:
            yield SQLiteCursor(connection.cursor())

    @contextmanager
    def connection(self, *, commit: bool) -> Generator[HistoryConnection]:
        """A transaction: committed at the end if asked to and nothing was raised, else rolled
        back. SQLite's errors come out as ours.
        """
        with translated(self.path), self.get_connection(commit=commit) as pooled:
            connection = cast(HistoryConnection, pooled.cursor().sqlite_cursor.connection)
            connection.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
            try:
                yield connection
                connection.execute("COMMIT" if commit else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
