"""The relay's mark on its topic: written in each transaction, read back from the end."""

from typing import TYPE_CHECKING

import msgspec

from consumers.relay import Mark
from infra.kafka import clients
from infra.kafka.clients import KafkaUnreachable, translated
from infra.kafka.settings import KafkaSettings
from infra.kafka.topics import RELAY, topic_missing, topic_names

if TYPE_CHECKING:
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

MARK_KEY = b"mark"
FIRST_LOOK = 64
"""Offsets looked at from the end; more when there is no mark among them."""

POLL_MS = 10_000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Mark).decode


def encode_mark(mark: Mark) -> bytes:
    return _encode(mark)


def last_mark(settings: KafkaSettings) -> Mark | None:
    """How far the last relay came; None when none ever began. Committed marks only."""
    marks = Marks(settings)
    try:
        return marks.last()
    finally:
        marks.close()


class Marks:
    """Reads the newest mark as often as it is asked, over one connection. After an error it begins
    anew.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._topic = topic_names(settings.topic_prefix, 1)[RELAY]
        self._consumer: KafkaConsumer | None = None
        self._seen = 0
        self._found: Mark | None = None

    def last(self) -> Mark | None:
        try:
            consumer = self._consumer or self._open()
            with translated(self._settings):
                self._look(consumer)
        except BaseException:
            self.close()
            raise
        return self._found

    def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._seen, self._found = 0, None
        if consumer is not None:
            consumer.close()

    def _open(self) -> "KafkaConsumer":
        from kafka.structs import TopicPartition

        consumer = self._consumer = clients.consumer(self._settings)
        with translated(self._settings):
            if consumer.partitions_for_topic(self._topic) is None:
                raise topic_missing([self._topic])
            consumer.assign([TopicPartition(self._topic, 0)])
        return consumer

    def _look(self, consumer: "KafkaConsumer") -> None:
        """Reads on from where the last look ended; from the end backwards at the first."""
        (partition,) = consumer.assignment()
        end = consumer.end_offsets([partition])[partition]
        if end == self._seen:
            return
        if 0 < self._seen < end:
            newest = _newest(consumer, partition, self._seen, end)
        else:
            self._found = None
            newest = _backwards(consumer, partition, end)
        if newest is not None:
            self._found = _decode(newest)
        self._seen = end


def _backwards(consumer: "KafkaConsumer", partition: "TopicPartition", end: int) -> bytes | None:
    begin = consumer.beginning_offsets([partition])[partition]
    look = FIRST_LOOK
    while True:
        start = max(begin, end - look)
        found = _newest(consumer, partition, start, end)
        if found is not None or start == begin:
            return found
        look *= 16


def _newest(
    consumer: "KafkaConsumer", partition: "TopicPartition", start: int, end: int
) -> bytes | None:
    found: bytes | None = None
    consumer.seek(partition, start)
    while (at := consumer.position(partition)) < end:
        records = consumer.poll(timeout_ms=POLL_MS).get(partition, [])
        if not records and consumer.position(partition) == at:
            raise KafkaUnreachable("kafka_unreachable", f"Kafka does not give {partition.topic}")
        for record in records:
            found = record.value or found
    return found
