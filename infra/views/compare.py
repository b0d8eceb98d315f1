"""Do the views say what history says? They are built again on the side and compared row by row."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import NamedTuple

from infra.store.crew import Crew, Reader
from infra.store.owned import OwnedStore
from infra.views import feed, offsets, positions, sql
from infra.views.database import ViewsDatabase
from infra.views.extent import Extent
from infra.views.on_sqlite import scratch
from infra.views.open import open_views, revealing
from infra.views.positions import Place
from infra.views.registry import BY_VIEW, VIEWS, Dispatch
from infra.views.views import BATCH, Progress, apply
from projections.view import Row, Table, View


class Difference(NamedTuple):
    """The first row in which a view differs from its rebuild; None where one has no such row."""

    view: str
    table: str
    row: dict[str, object]
    expected: dict[str, object] | None
    found: dict[str, object] | None

    def __str__(self) -> str:
        where = ", ".join(f"{column} {_short(value)}" for column, value in self.row.items())
        if self.found is None:
            return f"{self.table}: the row with {where} is missing"
        if self.expected is None:
            return f"{self.table}: the row with {where} is not from history"
        wrong = [
            f"{column} is {_short(value)}, history says {_short(self.expected[column])}"
            for column, value in self.found.items()
            if value != self.expected[column]
        ]
        return f"{self.table}: in the row with {where}, {'; '.join(wrong)}"


class Comparison(NamedTuple):
    """What was compared: events read and rows compared, and what differs."""

    position: int
    events: int
    rows: int
    differences: list[Difference]


def compare_with_rebuild(
    store: OwnedStore, progress: Progress = lambda _: None, views: tuple[View, ...] = VIEWS
) -> Comparison:
    """Catches the views up, rebuilds every one of them into a temporary file from one snapshot of
    history, and compares. What a view that follows topics has not read yet is left out of its
    rebuild too.
    """
    database = store.views_database()
    reveal_many = revealing(store)
    with database.translated(), scratch() as side, _snapshot(store, database, views) as extent:
        up_to = extent.end
        rebuilt = _rebuild(database, side, views, reveal_many, extent, progress)
        differences: list[Difference] = []
        rows = 0
        for view in views:
            live = extent.live[view.name]
            compared, difference = _compare(database, side, view, live, rebuilt)
            rows += compared
            differences.extend([difference] if difference else [])
        return Comparison(up_to, up_to, rows, differences)


_SHARES = (("invoices",), ("account_packages",))
"""Views large enough for a process of their own; all others go together."""


def compare_together(crew: Crew, progress: Progress = lambda _: None) -> Comparison:
    """The same by several processes, each for some of the views, in the views' order."""
    if crew.is_alone:
        return compare_with_rebuild(crew.store, progress)
    large = {name for share in _SHARES for name in share}
    rest = tuple(view.name for view in VIEWS if view.name not in large)
    found = list(crew.each(_compare_some, [*_SHARES, rest]))
    order = [view.name for view in VIEWS]
    differences = sorted(
        (difference for compared in found for difference in compared.differences),
        key=lambda difference: order.index(difference.view),
    )
    rows = sum(compared.rows for compared in found)
    return Comparison(found[0].position, found[0].events, rows, differences)


def _compare_some(reader: Reader, names: tuple[str, ...]) -> Comparison:
    return compare_with_rebuild(reader.store, views=tuple(BY_VIEW[name] for name in names))


@contextmanager
def _snapshot(
    store: OwnedStore, database: ViewsDatabase, views: tuple[View, ...]
) -> Generator[Extent]:
    """A read transaction in which all views that follow the store stand at one position."""
    versions = {view.name: view.version for view in views}
    following = open_views(store, views)
    while True:
        following.catch_up()
        with database.snapshot():
            live = {
                place.name: place
                for place in positions.places(database)
                if place.live and versions.get(place.name) == place.version
            }
            extent = Extent(live, offsets.all_offsets(database))
            if len(live) == len(views) and extent.is_even:
                yield extent
                return


def _rebuild(
    database: ViewsDatabase,
    side: ViewsDatabase,
    views: tuple[View, ...],
    reveal_many: feed.RevealMany,
    extent: Extent,
    progress: Progress,
) -> dict[str, Place]:
    """Builds generation 0 of every view on the side."""
    up_to = extent.end
    concerns = None if extent.is_flat else extent.holds
    dispatch = Dispatch(views)
    places = {view.name: Place(view.name, 0, view.version, "", 0, False, "") for view in views}
    for view in views:
        for table in view.tables:
            name = sql.physical_name(table, view.version, 0)
            side.execute(sql.create_table(side, table, name))
    for after in range(0, up_to, BATCH):
        stop = min(after + BATCH, up_to)
        changes = feed.read(database, dispatch, reveal_many, after, stop, concerns)
        with side.transaction():
            apply(side, changes, places)
        progress(stop)
    return places


def _compare(
    database: ViewsDatabase,
    side: ViewsDatabase,
    view: View,
    live: Place,
    rebuilt: dict[str, Place],
) -> tuple[int, Difference | None]:
    compared = 0
    for table in view.tables:
        expected = _rows(side, table, rebuilt[view.name])
        found = _rows(database, table, live)
        for number, (row, other) in enumerate(zip_longest(found, expected), 1):
            if row != other:
                return compared + number, _difference(view, table, row, other)
            compared += 1
    return compared, None


def _rows(database: ViewsDatabase, table: Table, place: Place) -> Iterator[Row]:
    name = sql.physical_name(table, place.version, place.generation)
    columns = ", ".join((*table.key, *(c for c in table.names if c not in table.key)))
    return database.rows(f"SELECT {columns} FROM {name} ORDER BY {', '.join(table.key)}")


def _difference(view: View, table: Table, found: Row | None, expected: Row | None) -> Difference:
    """Of two rows that differ, the one with the lower key is the one to name."""
    size = len(table.key)
    if found is not None and expected is not None and found[:size] != expected[:size]:
        if found[:size] < expected[:size]:
            expected = None
        else:
            found = None
    names = (*table.key, *(column for column in table.names if column not in table.key))
    as_found = None if found is None else dict(zip(names, found, strict=True))
    as_expected = None if expected is None else dict(zip(names, expected, strict=True))
    some = as_found or as_expected or {}
    row = {column: some[column] for column in table.key}
    for column in ("number", "ref"):
        if column in some:
            row = {column: some[column]}
    return Difference(view.name, f"view_{table.name}", row, as_expected, as_found)


def _short(value: object) -> str:
    written = value.hex() if isinstance(value, bytes) else str(value)
    return written if len(written) <= 60 else written[:57] + "…"
