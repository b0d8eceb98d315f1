"""The yardstick on PostgreSQL: every row a run wrote, copied again and nothing else.

The same binary rows into the same tables with the same indexes, one transaction for each of the
run's, packed beforehand: what the server alone needs for events, commits and state rows.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from struct import pack
from time import perf_counter
from typing import Any

from infra.postgres.address import parse
from infra.postgres.copying import copied
from infra.postgres.session import Session, connect
from infra.postgres.tables import HISTORY, ITEMS, STATE_ROWS
from infra.store.rows import EVENT_COLUMNS
from infra.store.state_rows import COLUMNS

_EVENTS = f"COPY events ({EVENT_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COLUMNS = {name: ("stream", *COLUMNS[name]) for name in ("account_packages", "items")}
_BILLED = {"account_packages": "account_package.billed", "items": "invoice.generated"}
"""Which event wrote a row of each table."""

Packed = dict[str, bytes]
"""What is copied, by statement."""


def raw_copy(url: str, before: int, after: int) -> tuple[float, int]:
    """Seconds and rows of copying what was written between two positions."""
    with closing(connect(parse(url))) as session:
        side = f"{parse(url).schema}_raw"
        session.run(f"CREATE SCHEMA {side}; SET search_path = {side}")
        try:
            for table in HISTORY + STATE_ROWS + ITEMS:
                session.run(table)
            return _copied(session, parse(url).schema, before, after)
        finally:
            session.run(f"DROP SCHEMA {side} CASCADE")


def _copied(session: Session, schema: str, before: int, after: int) -> tuple[float, int]:
    seconds, rows = 0.0, 0
    for commit, count, packed in _transactions(session, schema, before, after):
        began = perf_counter()
        _transaction(session, commit, packed)
        seconds += perf_counter() - began
        rows += 1 + count
    return seconds, rows


def _transaction(session: Session, commit: tuple[Any, ...], packed: Packed) -> None:
    session.run("BEGIN")
    for statement, data in packed.items():
        with session.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(data)
    session.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", commit)
    session.run("COMMIT")


def _transactions(
    session: Session, schema: str, before: int, after: int
) -> Iterator[tuple[tuple[Any, ...], int, Packed]]:
    """Each of the run's transactions: its commit, how many rows, and these as they are copied."""
    query = (
        f"SELECT first, last, at, root FROM {schema}.commits WHERE first > ? AND last <= ? "
        "ORDER BY first"
    )
    for commit in session.execute(query, (before, after)).fetchall():
        count, packed = 0, Packed()
        for table, names in _COLUMNS.items():
            columns = ", ".join(f"t.{name}" for name in names)
            query = (
                f"SELECT {columns} FROM {schema}.{table} t JOIN {schema}.events e "
                f"ON e.stream = t.stream AND e.topic = '{_BILLED[table]}' "
                "WHERE e.position BETWEEN ? AND ? ORDER BY t.stream"
            )
            rows = session.execute(query, commit[:2]).fetchall()
            if rows:
                into = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
                packed[into] = _packed(rows)
                count += len(rows)
        query = (
            f"SELECT {EVENT_COLUMNS} FROM {schema}.events WHERE position BETWEEN ? AND ? "
            "ORDER BY position"
        )
        events = session.execute(query, commit[:2]).fetchall()
        packed[_EVENTS] = copied(events)
        yield commit, count + len(events), packed


def _packed(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """State rows as binary COPY has them."""
    parts = [copied(())[:-2]]
    for row in rows:
        parts.append(pack(">h", len(row)))
        for value in row:
            written = _written(value)
            parts.append(pack(">i", -1) if written is None else pack(">i", len(written)) + written)
    return b"".join([*parts, pack(">h", -1)])


def _written(value: Any) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case str():
            return value.encode()
        case bool():
            return pack(">?", value)
        case _:
            return pack(">q", value)
