"""The yardstick: the rows a run wrote, inserted again with nothing else to do.

Same tables and indexes, same settings (WAL, synchronous FULL, page size), one transaction for
each of the run's, rows prepared beforehand: what SQLite alone needs for this data.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from infra.store.connect import connect

Rows = list[tuple[Any, ...]]


def raw_inserts(source: Path, target: Path, before: int) -> tuple[float, int]:
    """Seconds and rows of inserting what the run at `source` wrote after position `before`."""
    with closing(connect(source, 60)) as reading:
        schema = [
            sql
            for (sql,) in reading.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN "
                "('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"
            )
        ]
        commits = _rows(reading, "commits", "first > ?", before)
        events = _rows(reading, "events", "position > ?", before)
        packages = _rows(reading, "account_packages", "1", None)
        items = _rows(reading, "items", "1", None)
        views = {
            name: _rows(reading, name, "1", None)
            for (name,) in reading.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND ("
                "name LIKE 'view_invoice%' OR name LIKE 'view_account_packages%' "
                "OR name LIKE 'view_execution%')"
            ).fetchall()
        }
    with closing(_fresh(target, schema)) as writing:
        began = perf_counter()
        _insert(writing, commits, events, packages, items, views)
        seconds = perf_counter() - began
    return seconds, _count(commits, events, packages, items, *views.values())


def _insert(
    writing: sqlite3.Connection,
    commits: Rows,
    events: Rows,
    packages: Rows,
    items: Rows,
    views: dict[str, Rows],
) -> None:
    done = 0
    for commit, chunk in zip(commits, _chunks(events, commits), strict=True):
        writing.execute("BEGIN IMMEDIATE")
        _many(writing, "events", chunk)
        for table, rows in (("account_packages", packages), ("items", items)):
            first, after = (len(rows) * n // len(events) for n in (done, done + len(chunk)))
            _many(writing, table, rows[first:after])
        _many(writing, "commits", [commit])
        writing.execute("COMMIT")
        done += len(chunk)
    for name, rows in views.items():
        for first in range(0, len(rows), 5_000):
            writing.execute("BEGIN IMMEDIATE")
            _many(writing, name, rows[first : first + 5_000])
            writing.execute("COMMIT")


def _count(*tables: Rows) -> int:
    return sum(map(len, tables))


def _chunks(events: Rows, commits: Rows) -> Iterator[Rows]:
    """The events of each commit; commits hold the first and last position."""
    first = events[0][0]
    for commit in commits:
        yield events[commit[0] - first : commit[1] - first + 1]


def _many(writing: sqlite3.Connection, table: str, rows: Rows) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        writing.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _rows(reading: sqlite3.Connection, table: str, where: str, after: int | None) -> Rows:
    params = () if after is None else (after,)
    return reading.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY 1", params).fetchall()


def _fresh(path: Path, schema: list[str]) -> sqlite3.Connection:
    path.touch()
    connection = connect(path, 60)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    for statement in schema:
        connection.execute(statement)
    return connection
