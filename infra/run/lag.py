"""How far every consumer is behind, in events and seconds."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from infra.kafka import clients
from infra.kafka.marks import last_mark
from infra.kafka.settings import KafkaSettings
from infra.kafka.start import begin
from infra.kafka.topics import RELAY
from infra.store.meta import moment
from infra.store.owned import OwnedStore
from infra.views.open import open_views
from schemas.topics import COMMANDS, WORK

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition


class Lag(NamedTuple):
    """`events` are those a consumer has not seen; `seconds` is the age of the oldest of them."""

    consumer: str
    events: int
    seconds: float


class LagWatch:
    """Looks again and again with the same clients. Close it."""

    def __init__(
        self, store: OwnedStore, settings: KafkaSettings, groups: Mapping[str, str]
    ) -> None:
        """`groups` are consumer groups by the topic that they read, without prefix."""
        self._store = store
        self._settings = settings
        called = begin(store, settings, [RELAY, COMMANDS, WORK])
        self._groups = {
            topic: (called[topic], clients.consumer(settings, group_id=group))
            for topic, group in groups.items()
        }
        self._views = open_views(store)

    def look(self) -> list[Lag]:
        """Relay and projector against history, the others against their topics."""
        mark = last_mark(self._settings)
        found = [
            self._behind("relay", mark.position if mark else 0),
            self._behind("projector", self._views.reached()),
        ]
        names = {COMMANDS: "commands", WORK: "worker"}
        with clients.translated(self._settings):
            for topic, (called, consumer) in self._groups.items():
                found.append(_of_group(names[topic], called, consumer, self._store.now()))
        return found

    def close(self) -> None:
        for _, consumer in self._groups.values():
            consumer.close(autocommit=False)

    def _behind(self, consumer: str, position: int) -> Lag:
        """Seconds since the commit of the first event that was not seen."""
        query = "SELECT at FROM commits WHERE last > ? ORDER BY first LIMIT 1"
        with self._store.proving() as database:
            head = int(database.execute("SELECT position FROM log_head").fetchone()[0])
            row = database.execute(query, (position,)).fetchone() if head > position else None
        if row is None:
            return Lag(consumer, 0, 0.0)
        seconds = (self._store.now() - moment(row[0])).total_seconds()
        return Lag(consumer, head - position, round(max(0.0, seconds), 3))


def _of_group(name: str, topic: str, consumer: "KafkaConsumer", now: datetime) -> Lag:
    from kafka import TopicPartition

    places = [TopicPartition(topic, part) for part in consumer.partitions_for_topic(topic) or ()]
    ends = consumer.end_offsets(places)
    begins = consumer.beginning_offsets(places)
    at = {place: max(consumer.committed(place) or 0, begins[place]) for place in places}
    behind = {place: ends[place] - at[place] for place in places if ends[place] > at[place]}
    if not behind:
        return Lag(name, 0, 0.0)
    oldest = _oldest(consumer, {place: at[place] for place in behind})
    seconds = 0.0 if oldest is None else max(0.0, now.timestamp() - oldest)
    return Lag(name, sum(behind.values()), round(seconds, 3))


def _oldest(consumer: "KafkaConsumer", at: Mapping["TopicPartition", int]) -> float | None:
    """When the first message that was not read was sent; of the partitions, the oldest."""
    consumer.assign(list(at))
    for place, offset in at.items():
        consumer.seek(place, offset)
    found = consumer.poll(timeout_ms=1000)
    consumer.unsubscribe()
    times = [records[0].timestamp / 1000 for records in found.values() if records]
    return min(times, default=None)
