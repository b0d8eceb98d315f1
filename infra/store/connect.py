"""Connections to an owner's SQLite file: where it lies, how it is opened, how it is first made."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from infra.store import errors
from infra.store.database import Row
from infra.store.tables import ALL_TABLES, APPLICATION_ID, FILE_VERSION, ITEMS

_SCHEME = "sqlite:///"

_UPGRADE_TIMEOUT = 60.0
"""Seconds to wait for the others to let go of a file that is to be brought up to date."""

_MAGIC = b"SQLite format 3\x00"

sqlite3.register_adapter(bytes, bytes.__bytes__)
"""Bytes are bound as they are: without it the driver asks each value for ways to adapt itself."""

_SETTINGS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-32768",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA temp_store=FILE",
)
"""Durable: a commit is on the disk before it is answered. 32 MiB of pages in memory."""


def path_of(url: str) -> Path:
    """The file of a database URL: `sqlite:///relative` or `sqlite:////absolute`."""
    path = unquote(url.removeprefix(_SCHEME))
    if not url.startswith(_SCHEME) or not path or "\0" in path:
        raise errors.url_invalid(url)
    return Path(path)


class HistoryConnection(sqlite3.Connection):
    """Is a `Database` as it stands."""

    ordered_join = "CROSS JOIN"
    unindexed = "+"

    def stream(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        """The rows, which SQLite finds as they are asked for."""
        return self.execute(sql, parameters)

    def for_each(self, table: str, alias: str, where: str, /) -> str:
        """SQLite walks them in this order."""
        return f"CROSS JOIN {table} {alias} ON {where}"

    def among(self, items: list[Any], /) -> tuple[str, Sequence[Any]]:
        """`IN` with a placeholder an item."""
        return f"IN ({','.join('?' * len(items))})", items


def connect(path: Path, lock_timeout: float) -> HistoryConnection:
    """A connection in autocommit mode: transactions are begun by those who need one."""
    connection = sqlite3.connect(
        factory=HistoryConnection,
        database=path.absolute().as_uri() + "?mode=rw",
        uri=True,
        timeout=lock_timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection


def check(path: Path) -> None:
    """The file is there, is a database of ours, of a version we know, and can be written."""
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        raise errors.missing(path)
    if not path.is_file():
        raise errors.not_ours(path, "is not a file")
    _check_writable(path)
    with path.open("rb") as file:
        header = file.read(100)
    if header[:16] != _MAGIC:
        raise errors.not_ours(path, "is not a database")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID and not _is_fresh(path):
        raise errors.not_ours(path, "is a database of another program")
    version = int.from_bytes(header[60:64], "big")
    if version > FILE_VERSION:
        raise errors.newer(path, version, FILE_VERSION)
    if version < FILE_VERSION:
        _bring_up_to_date(path)


def create(path: Path, lock_timeout: float, facts: dict[str, str]) -> None:
    """Makes the tables in a new file; a file that has them already is left as it is. `facts` go
    into `meta` beside the epoch. Two processes may do it at once: one of them makes it.
    """
    if not path.parent.is_dir():
        raise errors.StoreError(
            "database_missing",
            f"the folder {path.parent} does not exist: make it, or name another with --database",
            path=str(path),
        )
    if not os.access(path.parent, os.W_OK):
        raise errors.read_only(path)
    path.touch()
    connection = connect(path, lock_timeout)
    try:
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            _fill(connection, facts)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, facts: dict[str, str]) -> None:
    for table in ALL_TABLES:
        connection.execute(table)
    connection.execute("INSERT INTO log_head VALUES (1, 0, zeroblob(32), 0)")
    meta = {"file_version": str(FILE_VERSION), "epoch": str(uuid4()), **facts}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={FILE_VERSION}")


def _bring_up_to_date(path: Path) -> None:
    """Adds the tables that came after the file was made, filled from its history. The header
    may be older than the write-ahead log: what counts is asked of the database.
    """
    connection = connect(path, _UPGRADE_TIMEOUT)
    try:
        connection.execute("BEGIN IMMEDIATE")
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if mark == APPLICATION_ID and version < FILE_VERSION:
            from infra.store.upgrade import item_rows

            for statement in ITEMS:
                connection.execute(statement)
            marks = ",".join("?" * 8)
            connection.executemany(f"INSERT INTO items VALUES ({marks})", item_rows(connection))
            query = "UPDATE meta SET value = ? WHERE key = 'file_version'"
            connection.execute(query, (str(FILE_VERSION),))
            connection.execute(f"PRAGMA user_version={FILE_VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _is_fresh(path: Path) -> bool:
    """The marks still stand in the write-ahead log only, or nothing was written yet."""
    connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        return bool(mark == APPLICATION_ID or (mark == 0 and empty))
    finally:
        connection.close()


def _check_writable(path: Path) -> None:
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise errors.read_only(path)
