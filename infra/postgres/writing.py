"""Rows in bulk: arrays in one statement for few, binary COPY for many."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter

from commands.store import Conflict
from infra.postgres import arrays
from infra.postgres.copying import copied, copied_rows
from infra.postgres.session import Session
from infra.postgres.tables import COLUMN_TYPES, EVENT_TYPES
from infra.store.database import Row
from infra.store.rows import EVENT_COLUMNS
from infra.store.state_rows import COLUMNS, RowWrite

_FEW = 16
"""Rows that are inserted by a statement: fewer messages back and forth than COPY."""

_EVENT_ARRAYS = tuple("bigint" if name.startswith("int") else name for name in EVENT_TYPES)
_COPY = f"COPY events ({EVENT_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_TABLES = tuple(COLUMNS)


def write_events(session: Session, rows: Sequence[Row]) -> None:
    """Adds rows of EVENT_COLUMNS."""
    if len(rows) <= _FEW:
        session.execute(_INSERT_EVENTS, arrays.columns(rows, _EVENT_ARRAYS))
        return
    _copy(session, _COPY, copied(rows))


def write_states(session: Session, writes: Iterable[RowWrite]) -> None:
    """Writes state rows, table by table and by ascending id, so that writers lock them in one
    order; a row that is not at its expected version is a conflict.
    """
    for table, columns, rows in sorted(writes, key=_order):
        rows.sort(key=itemgetter(len(columns)))
        if columns:
            _update(session, table, columns, rows)
        else:
            names = ("stream", *COLUMNS[table])
            insert(session, table, {name: COLUMN_TYPES[name] for name in names}, rows)


def insert(session: Session, table: str, types: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Adds rows to a table, by the types of its columns."""
    listed = list(types.values())
    if len(rows) > _FEW:
        query = f"COPY {table} ({', '.join(types)}) FROM STDIN (FORMAT BINARY)"
        _copy(session, query, copied_rows(rows, listed))
        return
    casts = ", ".join(f"?::{type}[]" for type in listed)
    query = f"INSERT INTO {table} ({', '.join(types)}) SELECT * FROM unnest({casts})"
    session.execute(query, arrays.columns(rows, listed))


def _update(session: Session, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    types = [COLUMN_TYPES[name] for name in (*columns, "stream", "version")]
    done = session.execute(_statement(table, columns), arrays.columns(rows, types))
    if done.rowcount != len(rows):
        raise Conflict("a state row is not at the version that was read")


def _copy(session: Session, statement: str, rows: bytes) -> None:
    with session.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(rows)


def _order(write: RowWrite) -> tuple[int, tuple[str, ...]]:
    return _TABLES.index(write.table), write.columns


@cache
def _statement(table: str, columns: tuple[str, ...]) -> str:
    sets = ", ".join(f"{column} = n.{column}" for column in columns)
    arrays = ", ".join(f"?::{COLUMN_TYPES[name]}[]" for name in (*columns, "stream", "version"))
    named = ", ".join((*columns, "stream", "expected"))
    return (
        f"UPDATE {table} AS t SET {sets} FROM unnest({arrays}) AS n ({named}) "
        "WHERE t.stream = n.stream AND t.version = n.expected"
    )


_INSERT_EVENTS = (
    f"INSERT INTO events ({EVENT_COLUMNS}) "
    f"SELECT * FROM unnest({', '.join(f'?::{name}[]' for name in _EVENT_ARRAYS)})"
)
