"""Many messages handed to kafka-python at once, in its own batches.

`KafkaProducer.send` makes a future, takes locks and looks at settings for each message, and its
batches write a message byte by byte: that costs more than all else a relay does. So the batches of
a whole transaction are filled here, beforehand, with the bytes that kafka-python would have
written; then each is put where `send` would have put it. From there on everything is as always:
numbering, sending, repeating, aborting.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any

from consumers.publishing import Message
from infra.kafka.clients import KafkaUnreachable
from infra.kafka.partitions import hashes, placed
from schemas.headers import Pairs
from schemas.varint import MANY, SMALL, varint

if TYPE_CHECKING:
    from kafka import KafkaProducer
    from kafka.structs import TopicPartition

MAGIC = 2
"""The only format of messages that has headers and transactions."""

_BATCH_HEADER = 61
"""Bytes before the first message of a batch."""

Batches = Sequence[tuple["TopicPartition", Any]]
"""Filled batches in the order in which each partition gets them."""


def pack(
    messages: Sequence[Message],
    called: Mapping[str, str],
    partitions: Mapping[str, int],
    most_bytes: int,
) -> Batches:
    """Fills batches of at most so many bytes, or of one message. `called` are the topics' names,
    `partitions` their numbers of partitions by these names.
    """
    from kafka.structs import TopicPartition

    now = int(time() * 1000)
    spread = {topic: partitions.get(name, 1) for topic, name in called.items()}
    filling: dict[tuple[str, int], _Filling] = {}
    batches: list[tuple[TopicPartition, _Filling]] = []
    hashed = hashes([message.key for message in messages])
    for (topic, key, value, headers), number in zip(messages, hashed, strict=True):
        place = topic, placed(number, spread[topic])
        batch = filling.get(place)
        body = _body(key, value, headers)
        if batch is None or not batch.add(body, most_bytes):
            batch = filling[place] = _Filling()
            batch.add(body, most_bytes)
            batches.append((TopicPartition(called[topic], place[1]), batch))
    return [(place, batch.filled(now, most_bytes)) for place, batch in batches]


class _Filling:
    """A batch while messages are added: the parts of its bytes, which kafka-python numbers and
    seals when it sends them.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._bytes = 0
        self._count = 0

    def add(self, body: bytes, most_bytes: int) -> bool:
        """A message behind the others; False when there is no room for it. Its attributes and
        its time since the first one are nothing.
        """
        offset = _number(self._count)
        length = len(body) + len(offset) + 2
        begin = b"%b\0\0%b" % (_number(length), offset)
        size = len(begin) + len(body)
        if self._count and self._bytes + size + _BATCH_HEADER > most_bytes:
            return False
        self._parts += (begin, body)
        self._bytes += size
        self._count += 1
        return True

    def filled(self, now: int, most_bytes: int) -> Any:
        """As kafka-python's own builder of batches, filled."""
        make: Any = import_module("kafka.record.memory_records").MemoryRecordsBuilder
        batch = make(MAGIC, 0, most_bytes)
        inside = batch._builder
        inside._buffer += b"".join(self._parts)
        inside._num_records = batch._next_offset = self._count
        inside._last_offset = self._count - 1
        inside._first_timestamp = inside._max_timestamp = now
        return batch


def _body(key: bytes, value: bytes, headers: Pairs) -> bytes:
    """A message from its key on."""
    parts = [_number(len(key)), key, _number(len(value)), value, _number(len(headers))]
    for name, text in headers:
        length = len(text)
        parts += (_name(name), SMALL[length] if length < MANY else varint(length), text)
    return b"".join(parts)


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    """The name of a header behind its length."""
    written = name.encode()
    return varint(len(written)) + written


def _number(number: int) -> bytes:
    return SMALL[number] if number < MANY else varint(number)


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
