"""A connection that answers as SQLite's does: `?` for a parameter, plain rows, text for days."""

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import Connection, RawCursor, RawServerCursor
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL

from infra.postgres import arrays
from infra.postgres.address import Address
from infra.store.database import Row

_MARK = re.compile(r"\?(\d*)")
_PAGE = 2000
"""Rows a stream fetches at once."""

_numbers = count(1)

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_SETTINGS = """
    SELECT set_config('search_path', quote_ident(%s), false),
        set_config('timezone', 'UTC', false),
        set_config('datestyle', 'ISO', false),
        set_config('jit', 'off', false),
        set_config('random_page_cost', '1.1', false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
        set_config('statement_timeout', '0', false),
        set_config('idle_in_transaction_session_timeout', '1h', false),
        set_config('tcp_keepalives_idle', '30', false),
        set_config('tcp_keepalives_interval', '10', false),
        set_config('tcp_keepalives_count', '3', false)
"""
"""A commit is on the disk before it is answered, whatever the server's default. Readers may take
as long as they need; a machine that has vanished is noticed within a minute. Pages are as near in
any order: else a chunk of some hundred packages is found by reading the whole table.
"""

CONNECT = {
    "connect_timeout": 10,
    "application_name": "billstream",
    "client_encoding": "UTF8",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


@lru_cache(maxsize=1024)
def dollars(sql: str) -> bytes:
    """`?` and `?n` as PostgreSQL writes parameters. No text in our SQL holds a question mark."""
    numbers = count(1)
    return _MARK.sub(lambda mark: f"${mark[1] or next(numbers)}", sql).encode()


class Session:
    """Is a `Database`. In autocommit mode: transactions are begun by those who need one."""

    ordered_join = "JOIN"
    unindexed = ""

    def __init__(self, connection: "Connection[Row]") -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> "RawCursor[Row]":
        cursor = RawCursor(self.connection)
        cursor.execute(dollars(sql), parameters, binary=True)
        return cursor

    def run(self, script: str) -> None:
        """Statements without parameters or answers, sent in one piece."""
        self.connection.execute(script.encode())

    def stream(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        """The rows page by page; inside a transaction."""
        return self.paged(sql, parameters, hold=False)

    def paged(self, sql: str, parameters: Sequence[Any], hold: bool) -> Generator[Row]:
        """`hold`: the rows stay readable after the transaction, or without any."""
        name = f"rows_{next(_numbers)}"
        cursor = RawServerCursor(self.connection, name, withhold=hold)
        try:
            cursor.execute(dollars(sql), parameters, binary=True)
            while page := cursor.fetchmany(_PAGE):
                yield from page
        finally:
            with suppress(psycopg.Error):
                cursor.close()

    def for_each(self, table: str, alias: str, where: str, /) -> str:
        """OFFSET keeps it apart: before the server has counted a new table it would else walk all
        of it.
        """
        rows = f"SELECT * FROM {table} {alias} WHERE {where} OFFSET 0"
        return f"JOIN LATERAL ({rows}) {alias} ON true"

    def among(self, items: list[Any], /) -> tuple[str, Sequence[Any]]:
        """`IN` over an array, so that the statement is the same for any number."""
        return "= ANY(?)", [arrays.one(items)]

    @contextmanager
    def transaction(self, begin: str) -> Generator[None]:
        """Begun by `begin`; committed at the end, rolled back at any exception."""
        self.run(begin)
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    @contextmanager
    def snapshot(self, of: str | None = None) -> Generator[None]:
        """Reads one state of everything; that of another process which has exported it as `of`."""
        self.run(SNAPSHOT)
        try:
            if of is not None:
                self.connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(of))
            yield
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """Ends the transaction, if there is one and somebody to tell."""
        status = self.connection.info.transaction_status
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            with suppress(psycopg.Error):
                self.run("ROLLBACK")
        elif status != TransactionStatus.IDLE:
            self.connection.close()

    def close(self) -> None:
        self.connection.close()


def configure(connection: "Connection[Any]", schema: str) -> None:
    """Makes a connection ours."""
    connection.autocommit = True
    arrays.register(connection)
    connection.execute(_SETTINGS, (schema,))


def connect(address: Address) -> Session:
    """A connection of its own. Raises psycopg's errors."""
    connection = Connection.connect(address.conninfo, autocommit=True, **_kwargs(address))
    try:
        configure(connection, address.schema)
    except BaseException:
        connection.close()
        raise
    return Session(connection)


def _kwargs(address: Address) -> dict[str, Any]:
    """What the URL does not say itself."""
    return {name: value for name, value in CONNECT.items() if f"{name}=" not in address.conninfo}


settings_of = _kwargs
