"""A message taken apart here is what kafka-python reads of it."""

import random
from importlib import import_module
from typing import Any

import pytest

from infra.kafka.packing import MAGIC
from infra.kafka.reading import parts
from tests.infra.kafka.test_packing import random_messages

Written = tuple[bytes | None, bytes | None, list[Any]]
"""Key, value and headers."""


def _batch(rows: list[Written]) -> Any:
    memory: Any = import_module("kafka.record.memory_records")
    builder = memory.MemoryRecordsBuilder(MAGIC, 0, 100_000_000)
    for number, (key, value, headers) in enumerate(rows):
        builder.append(1_700_000_000_000 + number * 977, key, value, headers)
    builder.close()
    return memory.MemoryRecords(bytes(builder.buffer()))


def _whole(rows: list[Written]) -> list[bytes]:
    """Each message behind its length."""
    number: Any = import_module("kafka.record.util").decode_varint
    plain: Any = import_module("kafka.record.default_records").DefaultRecordBatch
    buffer, at = bytes(_batch(rows).next_batch()._buffer), plain.HEADER_STRUCT.size
    found: list[bytes] = []
    while at < len(buffer):
        length, at = number(buffer, at)
        found.append(buffer[at : at + length])
        at += length
    return found


def test_parts_are_those_that_were_written() -> None:
    chance = random.Random(8)
    rows: list[Written] = [
        (m.key, m.value, [*m.headers, ("x" * 70, None)]) for m in random_messages(500)
    ]
    rows += [(None, None, []), (b"", b"", [("", b"")])]
    rows += [(b"k", chance.randbytes(70_000), [("long", chance.randbytes(9_000))])]
    expected = [(record.headers, record.value) for record in _batch(rows).next_batch()]
    assert [tuple(parts(message)) for message in _whole(rows)] == expected


def test_a_name_that_is_no_utf_8_is_read() -> None:
    (message,) = _whole([(b"k", b"v", [("ab", b"1")])])
    assert parts(message.replace(b"ab", b"a\xff")).headers == [("a\\xff", b"1")]


@pytest.mark.parametrize("cut", range(1, 30))
def test_half_a_message_is_none(cut: int) -> None:
    (message,) = _whole([(b"key", b"value", [("position", b"12"), ("hash", b"34")])])
    with pytest.raises((ValueError, IndexError)):
        parts(message[:-cut])
