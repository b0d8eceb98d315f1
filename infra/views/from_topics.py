"""Views that follow topics: a batch of messages and its offsets in one transaction."""

from collections.abc import Collection, Mapping, Sequence

from aggregates.refusal import Refusal
from consumers.projector import Part, Reach, Stretch
from infra.store.owned import OwnedStore
from infra.views import feed, offsets, positions
from infra.views.database import Overtaken, ViewsDatabase
from infra.views.offsets import Offset
from infra.views.open import open_views, revealing
from infra.views.positions import KAFKA, Place
from infra.views.registry import VIEWS, Dispatch
from infra.views.views import apply
from projections.view import View


class TopicViews:
    """Implements `consumers.projector.Views` over an owner's database."""

    def __init__(
        self, store: OwnedStore, topics: Collection[str], views: Sequence[View] = VIEWS
    ) -> None:
        """`topics` are those of events now; what was read of others is forgotten."""
        self._database: ViewsDatabase = store.views_database()
        self._reveal_many = revealing(store)
        self._following = open_views(store, views)
        self._views = {view.name: view for view in views}
        self._topics = tuple(topics)
        self._dispatch = Dispatch(views)
        self._offsets: dict[Part, Offset] = {}
        self._places: dict[str, Place] = {}

    def begin(self) -> Collection[str]:
        with self._database.translated():
            with self._database.transaction(alone=True):
                offsets.ensure(self._database)
                offsets.forget(self._database, self._topics)
            self._following.follow_topics()
            self._look()
        return self._dispatch.topics

    def start(self, part: Part, first: int, end: int) -> int:
        with self._database.translated():
            offset = self._offset(part)
            if offset.next > end:
                raise _changed(offset, end)
            if 0 < offset.next < first:
                self._following.rebuild(feed=KAFKA)
            if offset.next < first:
                with self._database.transaction():
                    offsets.advance(self._database, offset, first, offset.position)
                offset = self._offset(part)
            self._look()
        self._offsets[part] = offset
        return offset.next

    def apply(self, stretches: Sequence[Stretch]) -> bool:
        bases = {name: place.position for name, place in self._places.items()}
        rows = [row for stretch in stretches for row in stretch.rows]
        with self._database.translated():
            changes = feed.changes_of(
                rows,
                self._dispatch,
                self._reveal_many,
                lambda view, position, stream, topic: position > bases[view],
            )
            try:
                with self._database.transaction():
                    moved = self._move(stretches)
                    if self._live() != self._places:
                        raise Overtaken
                    apply(self._database, changes, self._places)
            except Overtaken:
                self._look()
                return False
            if changes.forgets:
                self._database.wipe()
        self._offsets |= moved
        return True

    def arrive(self, reach: Reach, at: Mapping[Part, int]) -> int:
        """A partition has arrived when nothing that was out before lies ahead of it."""
        with self._database.translated(), self._database.transaction():
            for part, next in sorted(at.items()):
                offset = self._offsets.get(part)
                if offset is not None and next >= reach.ends.get(part, 0):
                    offsets.arrive(self._database, offset, reach.position)
        return reach.position

    def close(self) -> None:
        """Nothing: the connection belongs to the store."""

    def _move(self, stretches: Sequence[Stretch]) -> dict[Part, Offset]:
        """Moves the offsets on; everybody in the same order."""
        moved: dict[Part, Offset] = {}
        for stretch in sorted(stretches, key=lambda stretch: stretch.part):
            offset = self._offsets.get(stretch.part)
            if offset is None:
                raise Overtaken
            position = max((row[0] for row in stretch.rows), default=offset.position)
            position = max(position, offset.position)
            if not offsets.advance(self._database, offset, stretch.next, position):
                raise Overtaken
            moved[stretch.part] = offset._replace(next=stretch.next, position=position)
        return moved

    def _offset(self, part: Part) -> Offset:
        """As it stands now; a new one begins at the beginning."""
        with self._database.transaction():
            offsets.begin(self._database, Offset(*part, 0, 0, 0))
        found = offsets.all_offsets(self._database)
        return next(one for one in found if (one.topic, one.part) == part[:2])

    def _look(self) -> None:
        """Which generations are written to from now on."""
        self._places = self._live()
        strange = [name for name in self._views if name not in self._places]
        if strange:
            raise Refusal(
                "views_follow_store",
                f"views {', '.join(strange)} do not follow topics any more, or are of another "
                "version: start the projector again, or end it",
                views=strange,
            )

    def _live(self) -> dict[str, Place]:
        return {
            place.name: place
            for place in positions.places(self._database)
            if place.live
            and place.feed == KAFKA
            and place.name in self._views
            and place.version == self._views[place.name].version
        }


def _changed(offset: Offset, end: int) -> Refusal:
    return Refusal(
        "topics_changed",
        f"views have read {offset.topic}/{offset.part} up to offset {offset.next}, and it ends at "
        f"{end}: it is another cluster's, or made anew; set BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS "
        "to the old one, or begin again with `billstream views rebuild --feed kafka`",
        topic=offset.topic,
        partition=offset.part,
        next=offset.next,
        end=end,
    )
