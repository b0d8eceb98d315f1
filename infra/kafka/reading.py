"""Batches of a topic of events taken apart once, and no further than a projector needs.

kafka-python reads a message field by field into an object, and counts the bytes of its headers, of
which each event has ten. Here it hands a batch on whole, as one message, and `Messages` takes it
apart in one go. Transactions, offsets and control messages stay with kafka-python.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from consumers.projector import Record
from infra.kafka.packing import MAGIC
from schemas.varint import number

if TYPE_CHECKING:
    from kafka import KafkaConsumer

Pairs = list[tuple[str, bytes | None]]


class Messages:
    """The messages of a batch of Kafka's format 2, from the offset `first` on. `base` is the
    offset that those of the messages are counted from.
    """

    def __init__(self, data: bytes, base: int, first: int) -> None:
        self._data = data
        self._base = base
        self._first = first

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Record]:
        """Raises kafka-python's error where a message does not end in its batch."""
        data, at, tail = self._data, 0, _Tail()
        while at < len(data):
            try:
                length, at = number(data, at)
                _, behind_time = number(data, at + 1)
                delta, body = number(data, behind_time)
            except (ValueError, IndexError):
                raise self._damaged(at) from None
            at += length
            if length < 0 or at > len(data):
                raise self._damaged(at)
            if self._base + delta >= self._first:
                yield _message(self._base + delta, data, body, at, tail)

    def _damaged(self, at: int) -> Exception:
        from kafka.errors import CorruptRecordError

        return CorruptRecordError(f"byte {at} of the batch at offset {self._base} is in no message")


class _Tail:
    """The last headers of the message before: those of a commit are the same in all its events."""

    def __init__(self) -> None:
        self.written = b""
        self.pairs: Pairs = []


COMMON = 4
"""How many headers, the last of a message, are looked up among those of the message before."""


def read_whole(consumer: "KafkaConsumer") -> None:
    """From now on the consumer answers batches: a message of it is `Messages`, at the offset of
    the last one. So it is batches that are counted where messages are.
    """
    inside: Any = consumer
    inside._fetcher.PartitionRecords = _partition_records()


def _message(offset: int, data: bytes, at: int, end: int, tail: _Tail) -> Record:
    """Nothing of an event when it cannot be taken apart."""
    try:
        length, at = number(data, at)
        at += max(length, 0)
        length, at = number(data, at)
        value = None if length < 0 else data[at : at + length]
        headers, at = _headers(data, at + max(length, 0), end, tail)
    except (ValueError, IndexError):
        return Record(offset, (), None)
    return Record(offset, headers, value) if at == end else Record(offset, (), None)


def _headers(data: bytes, at: int, end: int, tail: _Tail) -> tuple[Pairs, int]:
    count, at = number(data, at)
    headers: Pairs = []
    for left in range(count, 0, -1):
        if left == COMMON:
            begin = at
            if data[at:end] == tail.written:
                headers += tail.pairs
                return headers, end
        length = data[at] >> 1
        if data[at] < 128:
            at += 1
        else:
            length, at = number(data, at)
        name = data[at : at + length]
        at += length
        length = data[at] >> 1
        if data[at] < 128 and not data[at] & 1:
            at += 1
        else:
            length, at = number(data, at)
        headers.append((_name(name), None if length < 0 else data[at : at + length]))
        at += max(length, 0)
    if count >= COMMON and at == end:
        tail.written, tail.pairs = data[begin:end], headers[-COMMON:]
    return headers, at


@lru_cache(maxsize=256)
def _name(written: bytes) -> str:
    """Names that are no UTF-8 are read too (`infra.kafka.lenient`)."""
    return written.decode("utf-8", "backslashreplace")


class _Whole:
    """A batch as kafka-python's fetcher wants a message."""

    __slots__ = ("offset", "size_in_bytes", "timestamp", "value")

    key = None
    headers: Sequence[Any] = ()
    checksum = None
    timestamp_type = 0

    def __init__(self, offset: int, timestamp: int, value: Messages) -> None:
        self.offset = offset
        self.timestamp = timestamp
        self.size_in_bytes = len(value)
        self.value = value

    def validate_crc(self) -> bool:
        return True


class _Batch:
    """One of kafka-python's batches, which hands itself on whole. What there is to know of it is
    kafka-python's; so is what a control batch says.
    """

    def __init__(self, batch: Any, first: int) -> None:
        self._batch = batch
        self._first = first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[_Whole]:
        batch = self._batch
        batch._maybe_uncompress()
        data = bytes(memoryview(batch._buffer)[batch._pos :])
        messages = Messages(data, batch.base_offset, self._first)
        yield _Whole(batch.last_offset, batch.first_timestamp, messages)


class _Records:
    """What was fetched of a partition, batch by batch, for who wants the messages from `first`."""

    def __init__(self, records: Any, first: int) -> None:
        self._records = records
        self._first = first

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return _Batch(batch, self._first) if batch is not None and batch.magic == MAGIC else batch


@cache
def _partition_records() -> Any:
    """kafka-python's reader of what was fetched, over batches that hand themselves on whole."""
    fetcher: Any = import_module("kafka.consumer.fetcher").Fetcher

    def made(fetch_offset: int, place: Any, records: Any, **more: Any) -> Any:
        whole = _Records(records, fetch_offset)
        return fetcher.PartitionRecords(fetch_offset, place, whole, **more)

    return made
