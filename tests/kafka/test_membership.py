"""A member of a group that has begun to leave it comes back, whatever happens in between.

What a broker does to it while it starts is done to kafka-python's insides here: at a real broker it
takes many restarts until it happens.
"""

from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.errors import CoordinatorLoadInProgressError, KafkaError
from kafka.structs import TopicPartition

from infra.kafka import clients
from infra.kafka.topics import topic_names
from tests.kafka.support import make_topics, settings_of
from tests.kafka_work.processes import wait_until
from tests.support.servers import KafkaServer


class _Listener(ConsumerRebalanceListener):
    """Who listens has its partitions taken away until it has joined anew, as ours have."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None: ...

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None: ...


class Group:
    """One member, and somebody who sends to its topic."""

    def __init__(self, kafka: KafkaServer) -> None:
        self._settings = settings_of(kafka)
        make_topics(self._settings)
        self._topic = topic_names(kafka.prefix, 1)["work"]
        self.consumer: KafkaConsumer = clients.consumer(
            self._settings,
            group_id=f"{kafka.prefix}.members",
            session_timeout_ms=3000,
            heartbeat_interval_ms=500,
        )
        inside: Any = self.consumer
        self.coordinator: Any = inside._coordinator
        self.consumer.subscribe([self._topic], listener=_Listener())
        wait_until(self._joined, 30, "a member")

    def _joined(self) -> bool:
        self.consumer.poll(timeout_ms=100)
        return len(self.consumer.assignment()) == 3

    def assert_belongs(self) -> None:
        """The group hears of it, and a message to each partition comes."""
        last = self.coordinator.heartbeat.last_receive

        def beats() -> bool:
            self.consumer.poll(timeout_ms=50)
            return bool(self.coordinator.heartbeat.last_receive > last)

        wait_until(beats, 10, "a heartbeat")
        missing = self._send()

        def look() -> bool:
            for place, messages in self.consumer.poll(timeout_ms=100).items():
                missing.difference_update((place, one.value) for one in messages)
            return not missing

        wait_until(look, 15, "what was sent")

    def _send(self) -> set[tuple[TopicPartition, bytes]]:
        places = [TopicPartition(self._topic, part) for part in range(3)]
        with closing(clients.producer(self._settings)) as producer:
            for place in places:
                producer.send(place.topic, value=b"to do", partition=place.partition)
            producer.flush()
        return {(place, b"to do") for place in places}


@pytest.fixture
def group(kafka: KafkaServer) -> Generator[Group]:
    found = Group(kafka)
    yield found
    found.consumer.close()


def test_topics_that_were_unknown_for_a_moment(group: Group) -> None:
    """A broker that has just started does not know its topics, and then not the group: the member
    gives its partitions back to join anew, cannot, and then there is nothing any more that says it
    has to.
    """
    coordinator = group.coordinator
    known, join = coordinator._metadata_snapshot, coordinator._do_join_and_sync_async

    async def fails() -> None:
        raise CoordinatorLoadInProgressError

    coordinator._metadata_snapshot = {}
    coordinator._do_join_and_sync_async = fails
    group.consumer.poll(timeout_ms=50)
    coordinator._metadata_snapshot = known
    coordinator._do_join_and_sync_async = join
    group.assert_belongs()


def test_a_heartbeat_that_ended(group: Group) -> None:
    """It is told once. A member without one is soon none any more, and never hears of it."""
    coordinator = group.coordinator
    beat = coordinator._do_heartbeat

    async def fails() -> None:
        coordinator._do_heartbeat = beat
        raise KafkaError("no more")

    coordinator._do_heartbeat = fails
    with pytest.raises(KafkaError, match="no more"):
        wait_until(lambda: group.consumer.poll(timeout_ms=50) and False, 10, "the end of it")
    group.assert_belongs()
