"""Views in an owner's schema: ordinary tables with days, times and JSON of the database's own."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format, TransactionStatus

from infra.postgres import arrays, publishing
from infra.postgres.address import Address
from infra.postgres.errors import TRY_AGAIN, translated
from infra.postgres.session import Session, connect
from infra.postgres.view_writes import array_types, statement_for
from infra.store.database import Result, Row
from infra.views.database import Overtaken, Published, PublishedQuery
from projections.view import Statement

_CHANGES_TABLES = 0x56494557
"""One process changes tables and public names at a time: the key of its lock ("VIEW")."""

_DAY_0 = date(2000, 1, 1).toordinal()
_TIME_0 = datetime(2000, 1, 1, tzinfo=UTC)
_days = Struct(">i").unpack
_microseconds = Struct(">q").unpack


class _Day(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return date.fromordinal(_DAY_0 + _days(data)[0]).isoformat()


class _Time(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return (_TIME_0 + timedelta(microseconds=_microseconds(data)[0])).isoformat()


class _Text(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class PostgresViews:
    """Implements `infra.views.database.ViewsDatabase`. Opens again after the server was away."""

    types: Mapping[str, str] = {
        "text": 'TEXT COLLATE "C"',
        "integer": "BIGINT",
        "bytes": "BYTEA",
        "date": "DATE",
        "time": "TIMESTAMPTZ",
        "json": "JSON",
    }
    clustered = ""
    today = (
        "(COALESCE((SELECT to_timestamp(value::bigint / 1000000) FROM meta"
        " WHERE key = 'sandbox_clock'), clock_timestamp())"
        " AT TIME ZONE COALESCE((SELECT time_zone FROM view_owner), 'UTC'))::date"
    )
    days_since = "({today} - {day})"
    changing = " WITH (fillfactor = 50)"
    """A row that finds room on its page stays there, and in its place in every index."""

    def __init__(self, address: Address, lock_timeout: float) -> None:
        self._address = address
        self._lock_timeout = lock_timeout
        self._open: Session | None = None

    @property
    def session(self) -> Session:
        if self._open is None or self._open.connection.closed:
            with translated(self._address):
                self._open = connect(self._address)
            adapters = self._open.connection.adapters
            adapters.register_loader("date", _Day)
            adapters.register_loader("timestamptz", _Time)
            adapters.register_loader("json", _Text)
            self._open.run("SET synchronous_commit = off")  # views are made again from history
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        return self.session.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        session = self.session
        idle = session.connection.info.transaction_status == TransactionStatus.IDLE
        return session.paged(sql, parameters, hold=idle)

    def write(self, statement: Statement, name: str, rows: Sequence[Row]) -> None:
        rows = _latest(rows, len(statement.key)) if len(rows) > 1 else rows
        types = array_types(statement)
        self.session.execute(statement_for(statement, name), arrays.columns(rows, types))

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Generator[None]:
        """A process stopped in the middle is ended by the server before others lose patience."""
        session = self.session
        begin = (
            f"BEGIN; SET LOCAL lock_timeout = {max(1, int(self._lock_timeout * 1000))};"
            "SET LOCAL idle_in_transaction_session_timeout = '10s'"
        )
        try:
            with session.transaction(begin):
                if alone:
                    key = "hashtext(current_schema())"
                    session.execute(f"SELECT pg_advisory_xact_lock(?, {key})", (_CHANGES_TABLES,))
                yield
        except psycopg.Error as error:
            if error.sqlstate in TRY_AGAIN:
                raise Overtaken from error
            raise

    def snapshot(self) -> AbstractContextManager[None]:
        return self.session.snapshot()

    def has_table(self, name: str) -> bool:
        query = """
            SELECT 1 FROM pg_class WHERE relname = ? AND relkind = 'r'
                AND relnamespace = current_schema()::regnamespace
        """
        return self.session.execute(query, (name,)).fetchone() is not None

    def publish(
        self,
        withdrawn: Sequence[str],
        published: Sequence[Published],
        queries: Sequence[PublishedQuery],
    ) -> None:
        publishing.publish(self.session, withdrawn, published, queries)

    def measure(self, physical: Sequence[str]) -> None:
        """The server believes a table that it has not analyzed to be small."""
        for name in physical:
            self.session.run(f"ANALYZE {name}")

    def wipe(self) -> None:
        """What was overwritten leaves its tables; the server's log and backups keep it."""
        query = """
            SELECT relname FROM pg_class WHERE relname LIKE 'view\\_%' AND relkind = 'r'
                AND relnamespace = current_schema()::regnamespace
        """
        for (name,) in self.session.execute(query).fetchall():
            self.session.run(f"VACUUM (SKIP_LOCKED) {name}")

    def translated(self) -> AbstractContextManager[None]:
        return translated(self._address)


def _latest(rows: Sequence[Row], key: int) -> Sequence[Row]:
    """One row a key: the last one says what the row becomes."""
    return list({row[:key]: row for row in rows}.values())
