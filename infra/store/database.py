"""What both databases answer to, so that reading, checking and proving are written once.

Placeholders are `?`. Where the two databases need other words, the connection brings them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]


class Result(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """A connection to an owner's database, in a transaction that its maker begins and ends."""

    ordered_join: str
    """Joins so that the left table is walked first."""

    unindexed: str
    """Before a column that is not to be looked up by its index."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result: ...

    def stream(self, sql: str, parameters: Sequence[Any] = (), /) -> Iterator[Row]:
        """The rows one after the other, however many there are."""
        ...

    def for_each(self, table: str, alias: str, where: str, /) -> str:
        """Joins the rows of a table that are looked up for each row on the left, whatever the
        server believes about how many there are.
        """
        ...

    def among(self, items: list[Any], /) -> tuple[str, Sequence[Any]]:
        """`IN (…)` over the items, with its parameters."""
        ...
