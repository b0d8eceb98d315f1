"""Views in an owner's SQLite file, or in a temporary one."""

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from infra.store.connect import HistoryConnection
from infra.store.database import Result, Row
from infra.store.errors import translated
from infra.views import sql
from infra.views.database import Published, PublishedQuery
from projections.view import Statement

_PUBLIC_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'view'"


class SqliteViews:
    """Implements `infra.views.database.ViewsDatabase`."""

    types: Mapping[str, str] = {
        "text": "TEXT",
        "integer": "INTEGER",
        "bytes": "BLOB",
        "date": "TEXT",
        "time": "TEXT",
        "json": "TEXT",
    }
    clustered = " WITHOUT ROWID"
    today = (
        "COALESCE((SELECT date(value / 1000000, 'unixepoch') FROM meta"
        " WHERE key = 'sandbox_clock'), date('now', 'localtime'))"
    )
    """The computer's day: SQLite knows no other zones."""
    days_since = "CAST(julianday({today}) - julianday({day}) AS INTEGER)"
    changing = ""

    def __init__(self, connection: HistoryConnection, path: Path) -> None:
        self.connection = connection
        self._path = path
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        return self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        for row in self.connection.execute(sql, parameters):  # noqa: UP028 (left half-read)
            yield row

    def write(self, statement: Statement, name: str, rows: Sequence[Row]) -> None:
        self.connection.executemany(sql.render(statement, name), rows)

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Generator[None]:
        """One writer at a time, as everywhere in the file."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Generator[None]:
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def has_table(self, name: str) -> bool:
        query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
        return self.connection.execute(query, (name,)).fetchone() is not None

    def publish(
        self,
        withdrawn: Sequence[str],
        published: Sequence[Published],
        queries: Sequence[PublishedQuery],
    ) -> None:
        made = [found.name for found in published] + [query.name for query in queries]
        for name in {*withdrawn, *made}:
            self.connection.execute(f"DROP VIEW IF EXISTS {name}")
        for name, columns, physical in published:
            select = f"SELECT {', '.join(columns)} FROM {physical}"
            self.connection.execute(f"CREATE VIEW {name} AS {select}")
        there = {name for (name,) in self.connection.execute(_PUBLIC_NAMES)}
        for query in queries:
            if query.reads <= there:
                self.connection.execute(query.create)
                there.add(query.name)

    def measure(self, physical: Sequence[str]) -> None:
        """Nothing: what is kept in the file is planned without counts, and so stays the same."""

    def wipe(self) -> None:
        """Nothing stays in the write-ahead log."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def translated(self) -> AbstractContextManager[None]:
        return translated(self._path)


@contextmanager
def scratch() -> Generator[SqliteViews]:
    """A temporary database: on disk if it grows, gone afterwards."""
    connection = sqlite3.connect("", isolation_level=None, factory=HistoryConnection)
    try:
        views = SqliteViews(connection, Path("temporary"))
        connection.execute("PRAGMA secure_delete=OFF")
        yield views
    finally:
        connection.close()
