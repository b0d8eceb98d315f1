"""The SQL of views: tables, public names and row operations, as SQLite and PostgreSQL know it.

Physical tables carry version and generation in their names, so that a view is rebuilt beside the
one that is read; the public name is a SQL view over the newest one (design decision 29).
"""

import re

from infra.views.database import Published, PublishedQuery, ViewsDatabase
from projections.view import Query, Statement, Table, View

_PUBLIC = re.compile(r"\bview_\w+")


def public_name(table: Table) -> str:
    return f"view_{table.name}"


def physical_name(table: Table, version: int, generation: int) -> str:
    """Where the rows of one generation of a view lie."""
    return f"view_{table.name}_v{version}_g{generation}"


def public_names(physical: str) -> list[str]:
    """The public names of physical tables, which blanks separate."""
    return [name.rpartition("_v")[0] for name in physical.split()]


def create_table(database: ViewsDatabase, table: Table, name: str) -> str:
    """The table under its physical name."""
    types = {column.name: column.type for column in table.columns}
    columns = [
        f"{column.name} {database.types[column.type]}{' NOT NULL' if column.required else ''}"
        for column in table.columns
    ]
    columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    single = len(table.key) == 1 and types[table.key[0]] == "integer"
    ending = "" if single else database.clustered
    ending += database.changing if table.changing else ""
    return f"CREATE TABLE {name} ({', '.join(columns)}){ending}"


def create_indexes(table: Table, name: str) -> list[str]:
    return [
        f"CREATE INDEX {name}_by_{'_'.join(index)} ON {name} ({', '.join(index)})"
        for index in table.indexes
    ]


def published(view: View, generation: int) -> list[Published]:
    """The public names of a view over the rows of a generation."""
    return [
        Published(public_name(table), table.names, physical_name(table, view.version, generation))
        for table in view.tables
    ]


def query(database: ViewsDatabase, found: Query) -> PublishedQuery:
    """A query as the database knows it."""
    since = database.days_since.format(today=database.today, day="i.due_date")
    select = found.sql.format(today=database.today, days_since_due=since)
    columns = tuple(column.name for column in found.columns)
    return PublishedQuery(f"view_{found.name}", columns, select, frozenset(_PUBLIC.findall(select)))


def render(statement: Statement, name: str) -> str:
    """A row operation for SQLite. Parameter n is the n-th of key and values."""
    key, values = statement.key, statement.values
    where = " AND ".join(f"{column} = ?{n}" for n, column in enumerate(key, 1))
    match statement.verb:
        case "put":
            return _put(statement, name)
        case "change":
            sets = ", ".join(f"{c} = ?{n}" for n, c in enumerate(values, len(key) + 1))
            return f"UPDATE {name} SET {sets} WHERE {where}"
        case _:
            return f"DELETE FROM {name} WHERE {where}"


def _put(statement: Statement, name: str) -> str:
    columns = (*statement.key, *statement.values)
    marks = ", ".join(f"?{n}" for n in range(1, len(columns) + 1))
    sets = ", ".join(f"{column} = excluded.{column}" for column in statement.values)
    action = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
        f" ON CONFLICT ({', '.join(statement.key)}) {action}"
    )
