"""Topics of events as the projectors read them: a consumer group whose offsets stand elsewhere.

The group only says who reads what. From where is asked of the views, whenever a partition becomes
ours, and nothing is ever committed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consumers.projector import Part, Reach, Record, Start
from infra.kafka import clients
from infra.kafka.marks import Marks
from infra.kafka.reading import Messages, read_whole
from infra.kafka.settings import KafkaSettings
from infra.kafka.work_queue import SESSION_MS, close

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

MOST_BYTES = 2_000_000
"""What is fetched at once, and goes into views in one transaction; a batch of a relay is whole."""

MANY = 1_000_000
"""Batches; their bytes are the limit."""


class TopicReader:
    """Implements `consumers.projector.Topics`. `called` are the topics by what they carry."""

    def __init__(
        self,
        settings: KafkaSettings,
        called: Mapping[str, str],
        group: str,
        start: Start,
        session_ms: int = SESSION_MS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._settings = settings
        self._carries = {topic: carries for carries, topic in called.items()}
        self._start = start
        self._marks = Marks(settings)
        self._consumer: KafkaConsumer = clients.consumer(
            settings,
            group_id=group,
            fetch_max_bytes=most_bytes,
            max_poll_records=MANY,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
            fetch_max_wait_ms=50,
        )
        read_whole(self._consumer)
        self._parts: dict[Part, TopicPartition] = {}
        self._new: set[TopicPartition] = set()
        self._consumer.subscribe(sorted(self._carries), listener=_listener(self))

    def poll(self, wait: float) -> Mapping[Part, Sequence[Record]]:
        with clients.translated(self._settings):
            found = self._consumer.poll(timeout_ms=int(wait * 1000))
            begun = self._begin()
            return {
                self._part(place): [record for one in batches for record in _records(one)]
                for place, batches in found.items()
                if place not in begun
            }

    def seek(self, part: Part, offset: int) -> None:
        place = self._parts.get(part)
        if place is not None and place in self._consumer.assignment():
            self._consumer.seek(place, offset)

    def restart(self) -> None:
        places = self._consumer.assignment()
        self._new |= places
        self._consumer.pause(*places)

    def mine(self) -> Collection[Part]:
        return [self._part(place) for place in self._consumer.assignment()]

    def bounds(self, part: Part) -> tuple[int, int]:
        place = self._place(part)
        with clients.translated(self._settings):
            first = self._consumer.beginning_offsets([place])[place]
            return first, self._consumer.end_offsets([place])[place]

    def reach(self) -> Reach:
        """First how far the relay is, then where the topics end: so all of it lies before."""
        mark = self._marks.last()
        places = list(self._consumer.assignment())
        with clients.translated(self._settings):
            ends = self._consumer.end_offsets(places) if places else {}
        by_part = {self._part(place): end for place, end in ends.items()}
        return Reach(mark.position if mark else 0, by_part)

    def next_of(self, part: Part) -> int:
        with clients.translated(self._settings):
            return self._consumer.position(self._place(part), timeout_ms=5000)

    def close(self) -> None:
        self._marks.close()
        close(self._consumer)

    def assigned(self, places: Collection["TopicPartition"]) -> None:
        """These are ours from now on; nothing of them is read before we know from where. Within
        a poll nothing else may be asked of the broker.
        """
        self._consumer.pause(*places)
        self._new = set(places)

    def _begin(self) -> "set[TopicPartition]":
        """Goes on where the views stand, in partitions that have become ours; which these are."""
        begun: set[TopicPartition] = set()
        for place in sorted(self._new & self._consumer.assignment()):
            part = self._part(place)
            start = self._start(part, *self.bounds(part))
            self._consumer.seek(place, start)
            self._consumer.resume(place)
            self._new.discard(place)
            begun.add(place)
        return begun

    def _part(self, place: "TopicPartition") -> Part:
        part = Part(place.topic, place.partition, self._carries[place.topic])
        self._parts.setdefault(part, place)
        return part

    def _place(self, part: Part) -> "TopicPartition":
        from kafka import TopicPartition

        return self._parts.get(part) or TopicPartition(part.topic, part.part)


def _records(batch: Any) -> Iterable[Record]:
    """A message of a format without headers has nothing of an event."""
    found = batch.value
    return found if isinstance(found, Messages) else (Record(batch.offset, {}, None),)


def _listener(reader: TopicReader) -> Any:
    from kafka import ConsumerRebalanceListener

    class Listener(ConsumerRebalanceListener):
        def on_partitions_assigned(self, assigned: set["TopicPartition"]) -> None:
            reader.assigned(assigned)

        def on_partitions_revoked(self, revoked: set["TopicPartition"]) -> None:
            pass

    return Listener()
