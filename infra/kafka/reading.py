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

Facts = dict[str, bytes | None]


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
        data, at, headers = self._data, 0, _Headers(self._data)
        while at < len(data):
            try:
                length, at = number(data, at)
                _, behind_time = number(data, at + 1)  # its attributes come before
                delta, body = number(data, behind_time)
            except (ValueError, IndexError):
                raise self._damaged(at) from None
            at += length
            if length < 0 or at > len(data):
                raise self._damaged(at)
            if self._base + delta >= self._first:
                yield _record(self._base + delta, data, body, at, headers)

    def _damaged(self, at: int) -> Exception:
        from kafka.errors import CorruptRecordError

        return CorruptRecordError(f"byte {at} of the batch at offset {self._base} is in no message")


def _record(offset: int, data: bytes, at: int, end: int, headers: "_Headers") -> Record:
    """What a message holds beside its key; nothing when it cannot be taken apart."""
    try:
        length, at = number(data, at)
        length, at = number(data, at + length if length > 0 else at)
        if length < 0:
            return Record(offset, headers.read(at, end), None)
        return Record(offset, headers.read(at + length, end), data[at : at + length])
    except (ValueError, IndexError):
        return Record(offset, {}, None)


COMMON = 4
"""How many headers, the last of a message, are all compared at once."""


class _Headers:
    """Reads the headers of the messages of a batch. They have the same names in the same order,
    and the last ones are the same in all events of a commit: so what was read of a message is
    compared with the next one, and only what differs is read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0
        self._names: list[tuple[bytes, str]] = []
        self._tail = b""
        self._last: Facts = {}

    def read(self, at: int, end: int) -> Facts:
        """Those that lie there. Raises ValueError or IndexError when they do not end where they
        should.
        """
        data = self._data
        count, begin = number(data, at)
        at = begin
        found = self._last.copy()
        for written, name in self._names:
            if not data.startswith(written, at):
                return self._anew(count, begin, end)
            at += len(written)
            length = data[at]
            if length & 129:
                length, at = number(data, at)
            else:
                length >>= 1
                at += 1
            if length < 0:
                found[name] = None
            else:
                after = at + length
                found[name] = data[at:after]
                at = after
        if count != self._count or data[at:end] != self._tail:
            return self._anew(count, begin, end)
        return found

    def _anew(self, count: int, at: int, end: int) -> Facts:
        data, tail = self._data, at
        names: list[tuple[bytes, str]] = []
        found: Facts = {}
        last: Facts = {}
        for left in range(count, 0, -1):
            if left == COMMON:
                tail = at
            begin = at
            length, at = number(data, at)
            if length < 0:
                raise ValueError("the name of a header has no length")
            name = _name(data[at : at + length])
            at += length
            if left > COMMON:
                names.append((data[begin:at], name))
            length, at = number(data, at)
            value = None if length < 0 else data[at : at + length]
            at += max(length, 0)
            found[name] = value
            if left <= COMMON:
                last[name] = value
        if at != end or count < 0:
            raise ValueError(f"headers end at {at} instead of {end}")
        if len(found) == count:
            self._count, self._names = count, names
            self._tail, self._last = data[tail:end], last
        return found


def read_whole(consumer: "KafkaConsumer") -> None:
    """From now on the consumer answers batches: a message of it is `Messages`, at the offset of
    the last one. So it is batches that are counted where messages are.
    """
    inside: Any = consumer
    inside._fetcher.PartitionRecords = _partition_records()


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
