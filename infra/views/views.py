"""An owner's views: always caught up before they are read, rebuilt whenever needed.

A batch of history is read and turned into row operations first; then one short transaction moves
the position on from where it was and applies them. If another process has moved it meanwhile,
nothing is written and the batch is read again: so any number of processes may do it at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import monotonic, sleep
from typing import Any, TypeVar

from commands.billing.rare_collections import rare_collections
from infra.views import feed, offsets, positions, sql
from infra.views.database import Overtaken, Published, PublishedQuery, ViewsDatabase
from infra.views.positions import KAFKA, STORE, Place
from infra.views.registry import QUERIES, VIEWS, Dispatch
from projections.view import Row, View

BATCH = 5_000
"""Events in one transaction."""

OWN_NAMES = {sql.public_name(table) for view in VIEWS if view.queries for table in view.tables}
"""Of views that have queries: when their version is raised, so are their queries'."""

T = TypeVar("T")

Progress = Callable[[int], None]
"""Told the position that has been reached."""


def _silent(_: int) -> None:
    pass


class Views:
    """Reads run on the public names, after `catch_up`. Implements `projections.view.Database`."""

    def __init__(
        self,
        database: ViewsDatabase,
        reveal_many: feed.RevealMany,
        views: Sequence[View] = VIEWS,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._reveal_many = reveal_many
        self._views = {view.name: view for view in views}
        self._batch = batch
        self._dispatches: dict[tuple[str, ...], Dispatch] = {}

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query, as they are read."""
        with self._database.translated():
            yield from self._database.rows(sql, parameters)

    def catch_up(self, progress: Progress = _silent) -> int:
        """Brings every view up to the head of history, but those that follow topics: these are
        brought along by a projector. Builds those that are missing or of another version. Answers
        the head's position.
        """
        with self._database.translated():
            while True:
                live = self._live()
                mine = [place for place in live.values() if place.feed == STORE]
                if stale := [name for name in self._views if name not in live]:
                    self._build(stale, False, progress)
                elif not mine or self._advance(mine, progress):
                    return self._head()

    def rebuild(
        self, names: Iterable[str] = (), progress: Progress = _silent, feed: str | None = None
    ) -> None:
        """Builds views anew from history beside the old ones, then replaces these at once. They
        keep their feed, or get the one that is given; all of them then begin topics anew.
        """
        with self._database.translated():
            if feed is not None and not names:
                offsets.forget(self._database)
            self._build(list(names) or list(self._views), True, progress, feed)
        self.catch_up(progress)

    def follow_topics(self, progress: Progress = _silent) -> None:
        """Views that do not follow topics yet are built anew from history, and then do."""
        with self._database.translated():
            live = self._live()
            stale = [n for n in self._views if n not in live or live[n].feed != KAFKA]
            if stale:
                self._build(stale, False, progress, KAFKA)

    def head(self) -> int:
        """The position of the newest event."""
        with self._database.translated():
            return self._head()

    def behind(self) -> int:
        """How many events there are to follow before everything is up to date."""
        with self._database.translated():
            live = self._live()
            reached = [live[name].position if name in live else 0 for name in self._views]
            return self._head() - min(reached)

    def reached(self) -> int:
        """The position of history up to which every view shows everything."""
        with self._database.translated():
            return min((place.position for place in self._live().values()), default=0)

    def wait_for(self, position: int, seconds: float = 30.0) -> bool:
        """Waits until views show everything up to a position: where a projector brings them
        along, they come after. False when they stood still for that time: who only follows slowly
        is waited for.
        """
        before, until = -1, 0.0
        while (reached := self.reached()) < position:
            if reached > before:
                before, until = reached, monotonic() + seconds
            elif monotonic() >= until:
                return False
            sleep(0.05)
        return True

    def proof(self, position: int) -> str:
        """`POSITION:ROOT` of the commit that holds a position: what `verify --expect` takes."""
        query = "SELECT last, root FROM commits WHERE first <= ? ORDER BY first DESC LIMIT 1"
        for last, root in self.rows(query, (position,)):
            return f"{last}:{root.hex()}"
        return f"{position}:"

    def places(self) -> list[tuple[Place, int]]:
        """The generations that are read, with the number of their rows."""
        with self._database.translated():
            return [(place, self._count(place)) for place in self._live().values()]

    def close(self) -> None:
        """Nothing: the connection belongs to the store."""

    # following history

    def _live(self) -> dict[str, Place]:
        """The generations that are read, as far as they are of this program's version and of
        this history. `position` is how far each has come, whatever its feed.
        """
        head = self._head()
        live = {
            place.name: place
            for place in positions.places(self._database)
            if place.live
            and place.name in self._views
            and place.version == self._views[place.name].version
            and place.position <= head
        }
        if any(place.feed == KAFKA for place in live.values()):
            reached = [offset.reached for offset in offsets.all_offsets(self._database)]
            low = min(reached, default=0)
            for name, place in live.items():
                if place.feed == KAFKA:
                    live[name] = place._replace(position=max(place.position, low))
        return live

    def _head(self) -> int:
        return int(self._database.execute("SELECT position FROM log_head").fetchone()[0])

    def _advance(self, places: list[Place], progress: Progress) -> bool:
        """Brings generations to the head; False when another process interfered."""
        while True:
            head = self._head()
            after = min(place.position for place in places)
            if after >= head:
                return True
            behind = [place for place in places if place.position == after]
            later = (place.position for place in places if place.position > after)
            up_to = min((after + self._batch, head, *later))
            if not self._move(behind, after, up_to):
                return False
            moved = [place._replace(position=up_to) for place in behind]
            places = [place for place in places if place.position != after] + moved
            progress(up_to)

    def _move(self, behind: list[Place], after: int, up_to: int) -> bool:
        """One batch: decided first, then applied together with the positions."""
        with rare_collections():
            return self._moved(behind, after, up_to)

    def _moved(self, behind: list[Place], after: int, up_to: int) -> bool:
        dispatch = self._dispatch(tuple(place.name for place in behind))
        changes = feed.read(self._database, dispatch, self._reveal_many, after, up_to)
        try:
            with self._database.transaction():
                if not positions.advance(self._database, behind, up_to):
                    raise Overtaken
                apply(self._database, changes, {place.name: place for place in behind})
        except Overtaken:
            return False
        if changes.forgets:
            self._database.wipe()
        return True

    def _dispatch(self, names: tuple[str, ...]) -> Dispatch:
        found = self._dispatches.get(names)
        if found is None:
            found = Dispatch([self._views[name] for name in names])
            self._dispatches[names] = found
        return found

    # building

    def _build(
        self, names: Sequence[str], anew: bool, progress: Progress, feed: str | None = None
    ) -> None:
        """Builds generations beside the live ones. Several processes may build the same ones
        together; whoever gets there first replaces the old ones.
        """
        wanted = self._again(lambda: self._begin_build(names, anew, feed))
        while building := [p for p in positions.places(self._database) if p[:2] in wanted]:
            if self._advance(building, progress) and self._again(partial(self._replace, building)):
                return

    def _again(self, act: Callable[[], T]) -> T:
        """Until nobody else stood in the way."""
        while True:
            try:
                return act()
            except Overtaken:
                continue

    def _begin_build(
        self, names: Sequence[str], anew: bool, feed: str | None
    ) -> set[tuple[str, int]]:
        """Makes room for the new generations, or takes up a build that was left unfinished."""
        wanted: set[tuple[str, int]] = set()
        with self._database.transaction(alone=True):
            positions.ensure(self._database)
            known = positions.places(self._database)
            for name in names:
                version = self._views[name].version
                own = [place for place in known if place.name == name]
                into = feed or next((place.feed for place in own if place.live), STORE)
                begun = [p for p in own if (p.live, p.version, p.feed) == (False, version, into)]
                if begun and not anew:
                    wanted.add(begun[-1][:2])
                    continue
                self._drop(place for place in own if not place.live)
                latest = max((place.generation for place in own), default=0)
                place = self._create(name, latest + 1, into)
                wanted.add(place[:2])
        return wanted

    def _create(self, name: str, generation: int, feed: str) -> Place:
        view = self._views[name]
        physical = [sql.physical_name(table, view.version, generation) for table in view.tables]
        place = Place(name, generation, view.version, feed, 0, False, " ".join(physical))
        positions.insert(self._database, place)
        for table, into in zip(view.tables, physical, strict=True):
            self._database.execute(sql.create_table(self._database, table, into))
            for statement in sql.create_indexes(table, into):
                self._database.execute(statement)
        return place

    def _replace(self, built: list[Place]) -> bool:
        """Makes the built generations the ones that are read, in one transaction; False when they
        would then lack what the old ones have read from topics.
        """
        dropped: list[Place] = []
        withdrawn: list[str] = []
        published: list[Published] = []
        with self._database.transaction(alone=True):
            from_topics = [place.position for place in built if place.feed == KAFKA]
            if from_topics and offsets.hold(self._database) > min(from_topics):
                return False
            known = positions.places(self._database)
            for place in built:
                own = [found for found in known if found.name == place.name]
                if any(found[:2] == place[:2] and not found.live for found in own):
                    positions.make_live(self._database, place)
                    old = [found for found in own if found[:2] != place[:2]]
                    withdrawn += sql.public_names(" ".join(found.tables for found in old))
                    published += sql.published(self._views[place.name], place.generation)
                    dropped += old
            if published:
                # Before names are taken from readers, for it may take a while.
                self._database.measure([found.physical for found in published])
                self._database.publish(withdrawn, published, self._queries(published))
            self._drop(dropped)
        if dropped:
            self._database.wipe()
        return True

    def _queries(self, published: Iterable[Published]) -> list[PublishedQuery]:
        """All of them when one reads a name that is published, or is new itself: they read each
        other.
        """
        queries = [sql.query(self._database, query) for query in QUERIES]
        concerned = OWN_NAMES.union(*(query.reads for query in queries))
        return queries if any(found.name in concerned for found in published) else []

    def _drop(self, places: Iterable[Place]) -> None:
        for place in places:
            for table in place.tables.split():
                self._database.execute(f"DROP TABLE IF EXISTS {table}")
            positions.delete(self._database, place)

    def _count(self, place: Place) -> int:
        name = sql.public_name(self._views[place.name].tables[0])
        return int(self._database.execute(f"SELECT count(*) FROM {name}").fetchone()[0])


def apply(database: ViewsDatabase, changes: feed.Changes, places: dict[str, Place]) -> None:
    """Executes the row operations on the physical tables of the generations."""
    for run in changes.runs:
        place = places[run.view]
        table = run.statement.table
        name = sql.physical_name(table, place.version, place.generation)
        database.write(run.statement, name, run.rows)
