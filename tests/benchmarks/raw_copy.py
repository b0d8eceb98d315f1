"""The yardstick on PostgreSQL: the events and commits a run wrote, copied again and nothing else.

The same binary rows, the same tables and indexes, one transaction for each of the run's, prepared
beforehand: what the server alone needs for this history.
"""

from contextlib import closing
from time import perf_counter
from typing import Any

from infra.postgres.address import parse
from infra.postgres.session import Session, connect
from infra.postgres.tables import EVENT_TYPES, HISTORY
from infra.store.rows import EVENT_COLUMNS

Rows = list[tuple[Any, ...]]
_COPY = f"COPY events ({EVENT_COLUMNS}) FROM STDIN (FORMAT BINARY)"


def raw_copy(url: str, before: int) -> tuple[float, int]:
    """Seconds and rows of copying what was written after position `before`."""
    with closing(connect(parse(url))) as session:
        query = "SELECT first, last, at, root FROM commits WHERE first > ? ORDER BY first"
        commits = session.execute(query, (before,)).fetchall()
        query = f"SELECT {EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position"
        events = session.execute(query, (before,)).fetchall()
        side = f"{parse(url).schema}_raw"
        session.run(f"CREATE SCHEMA {side}; SET search_path = {side}")
        try:
            for table in HISTORY:
                session.run(table)
            began = perf_counter()
            _copy(session, commits, events)
            return perf_counter() - began, len(commits) + len(events)
        finally:
            session.run(f"DROP SCHEMA {side} CASCADE")


def _copy(session: Session, commits: Rows, events: Rows) -> None:
    first = events[0][0]
    for commit in commits:
        session.run("BEGIN")
        with session.connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(EVENT_TYPES)
            for row in events[commit[0] - first : commit[1] - first + 1]:
                copy.write_row(row)
        session.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", commit)
        session.run("COMMIT")
