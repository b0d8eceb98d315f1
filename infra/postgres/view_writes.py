"""Row operations of views as statements over arrays: any number of rows in one."""

from functools import cache

from projections.view import Statement

_ARRAYS = {"integer": "bigint", "bytes": "bytea"}
_CASTS = {"date": "::date", "time": "::timestamptz", "json": "::json"}
"""Days, times and JSON travel as text."""


@cache
def array_types(statement: Statement) -> tuple[str, ...]:
    """The arrays of key and values."""
    types = {column.name: column.type for column in statement.table.columns}
    columns = (*statement.key, *statement.values)
    return tuple(_ARRAYS.get(types[column], "text") for column in columns)


@cache
def statement_for(statement: Statement, name: str) -> str:
    """Parameters are the arrays of key and values; no key may stand there twice."""
    columns = (*statement.key, *statement.values)
    types = {column.name: column.type for column in statement.table.columns}
    arrays = ", ".join(f"?::{type}[]" for type in array_types(statement))
    source = f"unnest({arrays}) AS n ({', '.join(columns)})"
    new = {column: f"n.{column}{_CASTS.get(types[column], '')}" for column in columns}
    where = " AND ".join(f"t.{column} = {new[column]}" for column in statement.key)
    match statement.verb:
        case "put":
            return _put(statement, name, columns, f"SELECT {', '.join(new.values())} FROM {source}")
        case "change":
            sets = ", ".join(f"{column} = {new[column]}" for column in statement.values)
            return f"UPDATE {name} AS t SET {sets} FROM {source} WHERE {where}"
        case _:
            return f"DELETE FROM {name} AS t USING {source} WHERE {where}"


def _put(statement: Statement, name: str, columns: tuple[str, ...], select: str) -> str:
    sets = ", ".join(f"{column} = excluded.{column}" for column in statement.values)
    action = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) {select}"
        f" ON CONFLICT ({', '.join(statement.key)}) {action}"
    )
