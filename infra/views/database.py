"""What views ask of the database they are kept in. The two adapters are beside this."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from infra.store.database import Result, Row
from projections.view import Statement


class Overtaken(Exception):
    """Another process was there first; nothing was written. Look again."""


class Published(NamedTuple):
    """A public name, its columns, and the physical table behind it."""

    name: str
    columns: tuple[str, ...]
    physical: str


class PublishedQuery(NamedTuple):
    """A public name made of others at reading: its columns, its SQL, the public names it reads."""

    name: str
    columns: tuple[str, ...]
    select: str
    reads: frozenset[str]

    @property
    def create(self) -> str:
        return f"CREATE VIEW {self.name} ({', '.join(self.columns)}) AS {self.select}"


class ViewsDatabase(Protocol):
    """One connection for one process's views, in autocommit mode between transactions."""

    types: Mapping[str, str]
    """How each type of `projections.view.Column` is called."""

    clustered: str
    """At the end of a table whose rows lie in the order of their key."""

    today: str
    """The owner's day, in SQL; a sandbox has its own."""

    days_since: str
    """The days from `{day}` to `{today}`, in SQL."""

    changing: str
    """At the end of a table whose rows change again and again."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result: ...

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        """The rows as they are read; days and times as text."""
        ...

    def write(self, statement: Statement, name: str, rows: Sequence[Row]) -> None:
        """Executes row operations on a physical table, in their order."""
        ...

    def transaction(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Commits at the end, rolls back at any exception. `alone`: tables and public names are
        changed, which only one process does at a time. Raises Overtaken.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """A transaction that reads one state of everything."""
        ...

    def has_table(self, name: str) -> bool: ...

    def publish(
        self,
        withdrawn: Sequence[str],
        published: Sequence[Published],
        queries: Sequence[PublishedQuery],
    ) -> None:
        """Points public names to their tables; those withdrawn and not published are gone. Then
        queries are made anew that read nothing but what is there.
        """
        ...

    def measure(self, physical: Sequence[str]) -> None:
        """Tables were just filled: who plans queries learns how large they are."""
        ...

    def wipe(self) -> None:
        """Nothing that was overwritten stays behind, as far as this is in our hands."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Raises StoreError for the database's own errors."""
        ...
