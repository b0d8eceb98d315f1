"""What a view is: tables, a version, and how each event changes its rows.

A row is a function of one stream, so events of different streams may come in any order; what
needs several streams is joined in SQL at reading (design decision 28). A handler turns an event
into row operations, which are plain data: who applies them, to which database and under which
physical names, is not known here. Applying an operation twice is the same as once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

Row = tuple[Any, ...]


class Column(NamedTuple):
    """`type`: text, integer, bytes, date (ISO text or the database's own), time (UTC), json."""

    name: str
    type: str = "text"
    required: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """A table of a view; its public name is `view_` + `name`. A key of one integer column is the
    order of the rows on disk. `changing`: every run changes columns of its rows, none of which is
    in an index.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    changing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, eq=False)
class Statement:
    """The shape of row operations: `verb` is `put` (insert or replace the values of the key),
    `change` (of the rows with the key, if any) or `remove`. Parameters are those of `key`, then
    those of `values`.
    """

    verb: str
    table: Table
    key: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Query:
    """Rows made at reading from tables of several views, under a public name of its own. `sql` may
    say `{today}`, the owner's day as the database knows it, and `{days_since_due}`, the days from
    `i.due_date` to it. It reads only public names, and those of queries before it.
    """

    name: str
    columns: tuple[Column, ...]
    sql: str


Operation = tuple[Statement, Row]


def put(table: Table, *values: str) -> Statement:
    """Writes the row of a key; without `values`, all columns in the table's order."""
    rest = values or tuple(name for name in table.names if name not in table.key)
    return Statement("put", table, table.key, rest)


def change(table: Table, *values: str, by: tuple[str, ...] = ()) -> Statement:
    """Changes columns of the rows with the key `by` (the table's own by default)."""
    return Statement("change", table, by or table.key, values)


def remove(table: Table, by: tuple[str, ...] = ()) -> Statement:
    """Removes the rows with the key `by` (the table's own by default)."""
    return Statement("remove", table, by or table.key)


class Personal(Protocol):
    """Personal data in plain: names stand in history as ciphertext (design decision 12)."""

    def reveal(self, account: bytes, ciphertext: str) -> str:
        """The plain text, or `erased` when the account's key has been destroyed."""
        ...


class Occurrence(msgspec.Struct, frozen=True, gc=False):
    """Where and when an event happened. `at` is in UTC, as ISO 8601 text."""

    position: int
    stream: bytes
    at: str
    personal: Personal


Handler = Callable[[Occurrence, Any], Iterable[Operation]]


@dataclass(frozen=True, eq=False)
class View:
    """A view: raise `version` whenever tables or handlers change, and it is built anew.

    `slices` names, for an event type, a struct with only the fields the handler needs: the
    newest stored form is then decoded as that, which is much cheaper for what comes in millions.
    `queries` have no rows of their own, so nobody pays for them but who reads them.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    handlers: Mapping[str, Handler]
    slices: Mapping[str, type[msgspec.Struct]] = field(
        default_factory=dict[str, type[msgspec.Struct]]
    )
    queries: tuple[Query, ...] = ()


class Database(Protocol):
    """Where queries run. `?` stands for a parameter; public names are `view_…`."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterable[Row]: ...


def written(day: Any) -> str | None:
    """A date as views keep it."""
    return None if day is None else day.isoformat()
