"""Messages of a topic of events taken apart once, and no further than a projector needs.

kafka-python reads a message field by field into an object, and counts the bytes of its headers, of
which each event has ten. Here its batches hand every message on as it lies in the batch, and
`parts` takes it apart in one go. Transactions, offsets and control messages stay with kafka-python.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kafka import KafkaConsumer

Pairs = list[tuple[str, bytes | None]]


class Parts(NamedTuple):
    """What a message holds beside its key."""

    headers: Pairs
    value: bytes | None


def read_whole(consumer: "KafkaConsumer") -> None:
    """From now on the consumer answers messages whose value is all of a message, for `parts`."""
    inside: Any = consumer
    inside._fetcher.PartitionRecords = _partition_records()


def parts(message: bytes) -> Parts:
    """A message as it lies in a batch of Kafka's format 2, behind its length."""
    _, at = _number(message, 1)  # behind its attributes: the time
    _, at = _number(message, at)
    length, at = _number(message, at)
    at += max(length, 0)
    length, at = _number(message, at)
    value = None if length < 0 else message[at : at + length]
    at += max(length, 0)
    count, at = _number(message, at)
    headers: Pairs = []
    for _ in range(count):
        length = message[at] >> 1
        if message[at] < 128:
            at += 1
        else:
            length, at = _number(message, at)
        name = message[at : at + length]
        at += length
        length = message[at] >> 1
        if message[at] < 128 and not message[at] & 1:
            at += 1
        else:
            length, at = _number(message, at)
        headers.append((_name(name), None if length < 0 else message[at : at + length]))
        at += max(length, 0)
    if at != len(message):
        raise ValueError(f"{len(message)} bytes, and its parts have {at}")
    return Parts(headers, value)


@lru_cache(maxsize=256)
def _name(written: bytes) -> str:
    """Names that are no UTF-8 are read too (`infra.kafka.lenient`)."""
    return written.decode("utf-8", "backslashreplace")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    byte = data[at]
    at += 1
    number = byte & 0x7F
    shift = 7
    while byte & 0x80:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
    return number >> 1 ^ -(number & 1), at


class _Whole:
    """A message as kafka-python's fetcher wants one."""

    __slots__ = ("offset", "size_in_bytes", "timestamp", "value")

    key = None
    headers: Sequence[Any] = ()
    checksum = None
    timestamp_type = 0

    def __init__(self, offset: int, timestamp: int, size: int, value: bytes) -> None:
        self.offset = offset
        self.timestamp = timestamp
        self.size_in_bytes = size
        self.value = value

    def validate_crc(self) -> bool:
        return True


@cache
def _partition_records() -> Any:
    """kafka-python's reader of what was fetched, over batches that hand messages on whole."""
    fetcher: Any = import_module("kafka.consumer.fetcher").Fetcher
    damaged: Any = import_module("kafka.errors").CorruptRecordError
    plain: Any = import_module("kafka.record.default_records").DefaultRecordBatch

    def read_whole_message(batch: Any, *arguments: Any) -> Any:
        if batch.is_control_batch:
            return plain._read_msg(batch, *arguments)
        buffer, at = batch._buffer, batch._pos
        length, at = _number(buffer, at)
        end = at + length
        delta, after = _number(buffer, at + 1)
        offset, _ = _number(buffer, after)
        whole = bytes(buffer[at:end])
        if length < 0 or len(whole) != length:
            raise damaged(f"a message ends behind its batch, at {end}")
        batch._pos = end
        return _Whole(batch.base_offset + offset, batch.first_timestamp + delta, length, whole)

    Batch = type("Batch", (plain,), {"__slots__": (), "_read_msg": read_whole_message})

    class Records:
        def __init__(self, records: Any) -> None:
            self._records = records

        def next_batch(self) -> Any:
            batch = self._records.next_batch()
            if batch is not None and type(batch) is plain:
                batch.__class__ = Batch
            return batch

    def made(fetch_offset: int, place: Any, records: Any, **more: Any) -> Any:
        return fetcher.PartitionRecords(fetch_offset, place, Records(records), **more)

    return made
