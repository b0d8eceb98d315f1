"""Many messages handed to kafka-python at once, in its own batches.

`KafkaProducer.send` makes a future, takes locks and looks at settings for each message: that costs
more than all else a relay does. So the batches of a whole transaction are filled here, with its own
code, beforehand; then each is put where `send` would have put it. From there on everything is as
always: numbering, sending, repeating, aborting.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any

from consumers.publishing import Message
from infra.kafka.clients import KafkaUnreachable
from infra.kafka.partitions import partition_of

if TYPE_CHECKING:
    from kafka import KafkaProducer
    from kafka.structs import TopicPartition

MAGIC = 2
"""The only format of messages that has headers and transactions."""

Batches = Sequence[tuple["TopicPartition", Any]]
"""Filled batches in the order in which each partition gets them."""


def pack(
    messages: Iterable[Message],
    called: Mapping[str, str],
    partitions: Mapping[str, int],
    most_bytes: int,
    compression: int = 0,
) -> Batches:
    """Fills batches of at most so many bytes, or of one message. `called` are the topics' names,
    `partitions` their numbers of partitions by these names.
    """
    from kafka.structs import TopicPartition

    make: Any = import_module("kafka.record.memory_records").MemoryRecordsBuilder
    now = int(time() * 1000)
    spread = {topic: partitions.get(name, 1) for topic, name in called.items()}
    filling: dict[tuple[str, int], Any] = {}
    batches: list[tuple[TopicPartition, Any]] = []
    for topic, key, value, headers in messages:
        place = topic, partition_of(key, spread[topic])
        batch = filling.get(place)
        if batch is None or batch.append(now, key, value, headers) is None:
            batch = filling[place] = make(MAGIC, compression, most_bytes)
            batch.append(now, key, value, headers)
            batches.append((TopicPartition(called[topic], place[1]), batch))
    return batches


def hand_over(producer: "KafkaProducer", batches: Batches) -> list[Any]:
    """Puts batches into the producer's open transaction; they are sent at its next `flush`.
    `failure` tells afterwards how it went.
    """
    make: Any = import_module("kafka.producer.producer_batch").ProducerBatch
    inside: Any = producer
    accumulator: Any = inside._accumulator
    handed: list[Any] = []
    for topic in {place.topic for place, _ in batches}:
        producer.partitions_for(topic)  # who leads them has to be known
    for place, records in batches:
        inside._transaction_manager.maybe_add_partition_to_transaction(place)
        batch = make(place, records)
        with accumulator._tp_lock(place):
            accumulator._batches[place].append(batch)
            accumulator._incomplete.add(batch)
        handed.append(batch)
    return handed


def failure(batch: Any) -> BaseException | None:
    """Why a batch that was handed over is not with the broker; None when it is."""
    if batch.final_state is not None and batch.final_state.name == "SUCCEEDED":
        return None
    outcome: Any = batch.produce_future.value
    if outcome is None or outcome[2] is None:
        return KafkaUnreachable("kafka_unreachable", "a batch was not sent")
    error: BaseException = outcome[2](0)
    return error
