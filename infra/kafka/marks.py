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
    from kafka.structs import TopicPartition

    topic = topic_names(settings.topic_prefix, 1)[RELAY]
    partition = TopicPartition(topic, 0)
    consumer = clients.consumer(settings)
    try:
        with translated(settings):
            if consumer.partitions_for_topic(topic) is None:
                raise topic_missing([topic])
            consumer.assign([partition])
            return _last(consumer, partition)
    finally:
        consumer.close()


def _last(consumer: "KafkaConsumer", partition: "TopicPartition") -> Mark | None:
    end = consumer.end_offsets([partition])[partition]
    begin = consumer.beginning_offsets([partition])[partition]
    look = FIRST_LOOK
    while True:
        start = max(begin, end - look)
        found = _newest(consumer, partition, start, end)
        if found is not None or start == begin:
            return None if found is None else _decode(found)
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
