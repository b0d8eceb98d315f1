"""How far each view is: one row a generation, in the same transaction as the view's rows."""

from collections.abc import Iterable
from typing import NamedTuple

from infra.views.database import ViewsDatabase

STORE, KAFKA = "store", "kafka"
"""Where a view gets events from: one of these, and another one means a rebuild (decision 29)."""

_CREATE = """
    CREATE TABLE IF NOT EXISTS views (
        name TEXT NOT NULL,
        generation INTEGER NOT NULL,
        version INTEGER NOT NULL,
        feed TEXT NOT NULL,
        position BIGINT NOT NULL,
        live INTEGER NOT NULL,
        tables TEXT NOT NULL,
        PRIMARY KEY (name, generation)
    )"""


class Place(NamedTuple):
    """A generation of a view. `live` is the one that is read; another is being built. `tables`
    are its physical tables, separated by blanks. `position` is how far it was followed in the
    store; with feed `kafka`, what comes after it is read from topics (`offsets`).
    """

    name: str
    generation: int
    version: int
    feed: str
    position: int
    live: bool
    tables: str


def ensure(database: ViewsDatabase) -> None:
    database.execute(_CREATE + database.clustered)


def places(database: ViewsDatabase) -> list[Place]:
    """Every generation there is, by view; none before the first view was made."""
    if not database.has_table("views"):
        return []
    rows = database.execute(
        "SELECT name, generation, version, feed, position, live, tables FROM views"
        " ORDER BY name, generation"
    )
    return [
        Place(name, generation, version, feed, position, bool(live), tables)
        for name, generation, version, feed, position, live, tables in rows
    ]


def insert(database: ViewsDatabase, place: Place) -> None:
    database.execute(
        "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)", (*place[:5], int(place.live), place[6])
    )


def delete(database: ViewsDatabase, place: Place) -> None:
    database.execute(
        "DELETE FROM views WHERE name = ? AND generation = ?", (place.name, place.generation)
    )


def advance(database: ViewsDatabase, moving: Iterable[Place], position: int) -> bool:
    """Moves generations on from where they were read; False if another process has moved one."""
    for place in sorted(moving):
        moved = database.execute(
            "UPDATE views SET position = ? WHERE name = ? AND generation = ? AND position = ?",
            (position, place.name, place.generation, place.position),
        )
        if moved.rowcount != 1:
            return False
    return True


def make_live(database: ViewsDatabase, place: Place) -> None:
    database.execute("UPDATE views SET live = 0 WHERE name = ?", (place.name,))
    database.execute(
        "UPDATE views SET live = 1 WHERE name = ? AND generation = ?",
        (place.name, place.generation),
    )
