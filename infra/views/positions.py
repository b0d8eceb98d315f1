"""How far each view is: one row a generation, in the same transaction as the view's rows."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

FEED = "store"
"""Where views get events from; another feed means a rebuild (design decision 29)."""

_CREATE = """
    CREATE TABLE IF NOT EXISTS views (
        name TEXT NOT NULL,
        generation INTEGER NOT NULL,
        version INTEGER NOT NULL,
        feed TEXT NOT NULL,
        position INTEGER NOT NULL,
        live INTEGER NOT NULL,
        tables TEXT NOT NULL,
        PRIMARY KEY (name, generation)
    ) WITHOUT ROWID"""


class Place(NamedTuple):
    """A generation of a view. `live` is the one that is read; another is being built. `tables`
    are its physical tables, separated by blanks.
    """

    name: str
    generation: int
    version: int
    feed: str
    position: int
    live: bool
    tables: str


def ensure(connection: sqlite3.Connection) -> None:
    connection.execute(_CREATE)


def places(connection: sqlite3.Connection) -> list[Place]:
    """Every generation there is, by view; none before the first view was made."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'views'").fetchone()
    if known is None:
        return []
    rows = connection.execute(
        "SELECT name, generation, version, feed, position, live, tables FROM views"
        " ORDER BY name, generation"
    )
    return [
        Place(name, generation, version, feed, position, bool(live), tables)
        for name, generation, version, feed, position, live, tables in rows
    ]


def insert(connection: sqlite3.Connection, place: Place) -> None:
    connection.execute("INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?)", place)


def delete(connection: sqlite3.Connection, place: Place) -> None:
    connection.execute(
        "DELETE FROM views WHERE name = ? AND generation = ?", (place.name, place.generation)
    )


def advance(connection: sqlite3.Connection, moving: Iterable[Place], position: int) -> bool:
    """Moves generations on from where they were read; False if another process has moved one."""
    for place in moving:
        moved = connection.execute(
            "UPDATE views SET position = ? WHERE name = ? AND generation = ? AND position = ?",
            (position, place.name, place.generation, place.position),
        )
        if moved.rowcount != 1:
            return False
    return True


def make_live(connection: sqlite3.Connection, place: Place) -> None:
    connection.execute("UPDATE views SET live = 0 WHERE name = ?", (place.name,))
    connection.execute(
        "UPDATE views SET live = 1 WHERE name = ? AND generation = ?",
        (place.name, place.generation),
    )
