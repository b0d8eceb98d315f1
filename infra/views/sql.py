"""The SQL of views: tables, public names and row operations, as SQLite and PostgreSQL know it.

Physical tables carry version and generation in their names, so that a view is rebuilt beside the
one that is read; the public name is a SQL view over the newest one (design decision 29).
"""

from projections.view import Statement, Table, View

TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "bytes": "BLOB",
    "date": "TEXT",
    "time": "TEXT",
    "json": "TEXT",
}


def public_name(table: Table) -> str:
    return f"view_{table.name}"


def physical_name(table: Table, version: int, generation: int, schema: str = "") -> str:
    """Where the rows of one generation of a view lie; `schema` is an attached database."""
    name = f"view_{table.name}_v{version}_g{generation}"
    return f"{schema}.{name}" if schema else name


def create_table(table: Table, name: str) -> list[str]:
    """The table under its physical name, with its indexes."""
    single = len(table.key) == 1 and _type(table, table.key[0]) == "INTEGER"
    columns = [
        f"{column.name} {TYPES[column.type]}{' NOT NULL' if column.required else ''}"
        for column in table.columns
    ]
    columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    clustered = "" if single else " WITHOUT ROWID"
    return [f"CREATE TABLE {name} ({', '.join(columns)}){clustered}"]


def create_indexes(table: Table, name: str) -> list[str]:
    schema, _, bare = name.rpartition(".")
    return [
        f"CREATE INDEX {schema + '.' if schema else ''}{bare}_by_{'_'.join(index)}"
        f" ON {bare} ({', '.join(index)})"
        for index in table.indexes
    ]


def withdraw(physical: str) -> list[str]:
    """Takes the public names of physical tables back."""
    return [f"DROP VIEW IF EXISTS {_public(name)}" for name in physical.split()]


def _public(physical: str) -> str:
    return physical.rpartition("_v")[0]


def publish(view: View, generation: int) -> list[str]:
    """Points the public names to the rows of a generation."""
    statements: list[str] = []
    for table in view.tables:
        name = public_name(table)
        physical = physical_name(table, view.version, generation)
        statements.append(f"DROP VIEW IF EXISTS {name}")
        columns = ", ".join(table.names)
        statements.append(f"CREATE VIEW {name} AS SELECT {columns} FROM {physical}")
    return statements


def render(statement: Statement, name: str) -> str:
    """A row operation on a physical table. Parameter n is the n-th of key and values."""
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


def _type(table: Table, column: str) -> str:
    return next(TYPES[found.type] for found in table.columns if found.name == column)
