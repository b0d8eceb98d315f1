"""The library's connection pool, opening connections our way and locking at BEGIN."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from infra.store.connect import connect
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
        with self.cursor(commit=commit) as cursor:
            yield SQLiteCursor(cursor)

    @contextmanager
    def cursor(self, *, commit: bool) -> Generator[sqlite3.Cursor]:
        """A transaction on a plain cursor: committed at the end if asked to and nothing was
        raised, else rolled back. SQLite's errors come out as ours.
        """
        with translated(self.path), self.get_connection(commit=commit) as connection:
            cursor = connection.cursor().sqlite_cursor
            cursor.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT" if commit else "ROLLBACK")
            except BaseException:
                if cursor.connection.in_transaction:
                    cursor.connection.rollback()
                raise
            finally:
                cursor.close()
