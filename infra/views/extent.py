"""What views have seen at one instant: up to a position, or up to where each partition stands."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

from infra.views.offsets import Offset
from infra.views.positions import KAFKA, Place
from schemas.topics import topic_of_event


class Extent:
    """Of views of any feed, which events their rows are made of."""

    def __init__(self, live: Mapping[str, Place], offsets: Sequence[Offset]) -> None:
        self.live = live
        self._read = {(offset.carries, offset.part): offset.position for offset in offsets}
        counts: dict[str, int] = {}
        for offset in offsets:
            counts[offset.carries] = counts.get(offset.carries, 0) + 1
        self._parts = counts
        self._place = lru_cache(maxsize=100_000)(self._part_of)

    @cached_property
    def end(self) -> int:
        """No view has seen anything after this position."""
        positions = [place.position for place in self.live.values()]
        if any(place.feed == KAFKA for place in self.live.values()):
            positions += self._read.values()
        return max(positions)

    @property
    def is_even(self) -> bool:
        """Views that follow the store stand at one position."""
        return len({p.position for p in self.live.values() if p.feed != KAFKA}) <= 1

    @property
    def is_flat(self) -> bool:
        """All views follow the store: nothing has to be looked up event by event."""
        return all(place.feed != KAFKA for place in self.live.values())

    def holds(self, view: str, position: int, stream: bytes, topic: str) -> bool:
        """The view has seen the event of a type at a position of a stream."""
        place = self.live[view]
        if position <= place.position or place.feed != KAFKA:
            return position <= place.position
        carries = topic_of_event(topic)
        parts = self._parts.get(carries, 0)
        return bool(parts) and position <= self._read[carries, self._place(stream, parts)]

    def _part_of(self, stream: bytes, parts: int) -> int:
        from aggregates.identity import text
        from infra.kafka.partitions import partition_of

        return partition_of(text(stream).encode(), parts)
