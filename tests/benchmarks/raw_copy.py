"""The yardstick on PostgreSQL: every row a run wrote, copied again and nothing else.

The same binary rows into the same tables with the same indexes, one transaction for each of the
run's, packed beforehand: what the server alone needs for events, commits and state rows.
"""

from collections.abc import Iterator
from contextlib import closing
from time import perf_counter
from typing import Any

from infra.postgres.address import parse
from infra.postgres.copying import copied
from infra.postgres.session import Session, connect
from infra.postgres.tables import COLUMN_TYPES, HISTORY, STATE_ROWS
from infra.store.rows import EVENT_COLUMNS
from infra.store.state_rows import COLUMNS

Rows = list[tuple[Any, ...]]
_EVENTS = f"COPY events ({EVENT_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_PACKAGES = ("stream", *COLUMNS["account_packages"])
_STATES = f"COPY account_packages ({', '.join(_PACKAGES)}) FROM STDIN (FORMAT BINARY)"


def raw_copy(url: str, before: int, after: int) -> tuple[float, int]:
    """Seconds and rows of copying what was written between two positions."""
    with closing(connect(parse(url))) as session:
        side = f"{parse(url).schema}_raw"
        session.run(f"CREATE SCHEMA {side}; SET search_path = {side}")
        try:
            for table in HISTORY + STATE_ROWS:
                session.run(table)
            return _copied(session, parse(url).schema, before, after)
        finally:
            session.run(f"DROP SCHEMA {side} CASCADE")


def _copied(session: Session, schema: str, before: int, after: int) -> tuple[float, int]:
    seconds, rows = 0.0, 0
    for commit, events, packages in _transactions(session, schema, before, after):
        packed = copied(events)
        began = perf_counter()
        _transaction(session, commit, packed, packages)
        seconds += perf_counter() - began
        rows += 1 + len(events) + len(packages)
    return seconds, rows


def _transaction(session: Session, commit: tuple[Any, ...], packed: bytes, packages: Rows) -> None:
    session.run("BEGIN")
    if packages:
        with session.connection.cursor() as cursor, cursor.copy(_STATES.encode()) as copy:
            copy.set_types([COLUMN_TYPES[name] for name in _PACKAGES])
            for row in packages:
                copy.write_row(row)
    with session.connection.cursor() as cursor, cursor.copy(_EVENTS.encode()) as copy:
        copy.write(packed)
    session.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", commit)
    session.run("COMMIT")


def _transactions(
    session: Session, schema: str, before: int, after: int
) -> Iterator[tuple[tuple[Any, ...], Rows, Rows]]:
    """The rows of each of the run's transactions: commit, events, state rows of its packages."""
    query = (
        f"SELECT first, last, at, root FROM {schema}.commits WHERE first > ? AND last <= ? "
        "ORDER BY first"
    )
    for commit in session.execute(query, (before, after)).fetchall():
        query = (
            f"SELECT {EVENT_COLUMNS} FROM {schema}.events WHERE position BETWEEN ? AND ? "
            "ORDER BY position"
        )
        events = session.execute(query, commit[:2]).fetchall()
        columns = ", ".join(f"p.{name}" for name in _PACKAGES)
        query = (
            f"SELECT {columns} FROM {schema}.account_packages p JOIN {schema}.events e "
            "ON e.stream = p.stream AND e.topic = 'account_package.billed' "
            "WHERE e.position BETWEEN ? AND ? ORDER BY p.stream"
        )
        packages = session.execute(query, commit[:2]).fetchall()
        yield commit, events, packages
