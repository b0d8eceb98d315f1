"""How far views have read each partition of the topics: moved on in the transaction of their rows.

Whoever moves a partition on says from where. A projector that was paused, while others took its
partitions over, moves nothing: its transaction finds another offset and is rolled back (design
decision 24).
"""

from collections.abc import Sequence
from typing import NamedTuple

from infra.views.database import ViewsDatabase

_CREATE = """
    CREATE TABLE view_offsets (
        topic TEXT NOT NULL,
        part INTEGER NOT NULL,
        carries TEXT NOT NULL,
        next BIGINT NOT NULL,
        position BIGINT NOT NULL,
        reached BIGINT NOT NULL,
        PRIMARY KEY (topic, part)
    )"""


class Offset(NamedTuple):
    """`next` is the offset to be read next, `position` that of the last event read in history.
    `carries` is the topic's name without prefix and generation. Everything of this partition up
    to position `reached` of history has been read.
    """

    topic: str
    part: int
    carries: str
    next: int
    position: int
    reached: int


def ensure(database: ViewsDatabase) -> None:
    """Makes the table; in a transaction that is alone."""
    if not database.has_table("view_offsets"):
        database.execute(_CREATE + database.clustered)


def all_offsets(database: ViewsDatabase) -> list[Offset]:
    """Every partition; none before the first was read."""
    if not database.has_table("view_offsets"):
        return []
    query = "SELECT topic, part, carries, next, position, reached FROM view_offsets ORDER BY 1, 2"
    return [Offset(*row) for row in database.execute(query)]


def begin(database: ViewsDatabase, offset: Offset) -> None:
    """A partition that was never read."""
    database.execute(
        "INSERT INTO view_offsets VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", offset
    )


def advance(database: ViewsDatabase, offset: Offset, next: int, position: int) -> bool:
    """Moves a partition on from where it was read; False if another process has moved it."""
    moved = database.execute(
        "UPDATE view_offsets SET next = ?, position = ? WHERE topic = ? AND part = ? AND next = ?",
        (next, position, offset.topic, offset.part, offset.next),
    )
    return moved.rowcount == 1


def arrive(database: ViewsDatabase, offset: Offset, reached: int) -> None:
    """Everything up to a position has been read, unless another process reads here by now."""
    database.execute(
        "UPDATE view_offsets SET reached = ?"
        " WHERE topic = ? AND part = ? AND next = ? AND reached < ?",
        (reached, offset.topic, offset.part, offset.next, reached),
    )


def hold(database: ViewsDatabase) -> int:
    """Keeps every projector waiting until the end of the transaction; the highest position that
    any has read.
    """
    if not database.has_table("view_offsets"):
        return 0
    database.execute("UPDATE view_offsets SET next = next")
    found = database.execute("SELECT max(position) FROM view_offsets").fetchone()[0]
    return int(found or 0)


def forget(database: ViewsDatabase, kept: Sequence[str] = ()) -> None:
    """Topics are read from their beginning again, or not any more; not those that are kept."""
    if not database.has_table("view_offsets"):
        return
    for topic in {offset.topic for offset in all_offsets(database)} - set(kept):
        database.execute("DELETE FROM view_offsets WHERE topic = ?", (topic,))
