"""A batch taken apart here is what kafka-python reads of it."""

import random
from importlib import import_module
from typing import Any

import pytest
from kafka.errors import CorruptRecordError

from infra.kafka.packing import MAGIC
from infra.kafka.reading import Messages
from tests.infra.kafka.test_packing import random_messages

Written = tuple[bytes | None, bytes | None, list[Any]]
"""Key, value and headers."""

BASE = 7_000
COMMON = [("ce_specversion", b"1.0"), ("ce_source", b"acme"), ("ce_time", b"1"), ("c", b"2")]


def _batch(rows: list[Written]) -> Any:
    memory: Any = import_module("kafka.record.memory_records")
    builder = memory.MemoryRecordsBuilder(MAGIC, 0, 100_000_000)
    for number, (key, value, headers) in enumerate(rows):
        builder.append(1_700_000_000_000 + number * 977, key, value, headers)
    builder.close()
    return memory.MemoryRecords(bytes(builder.buffer())).next_batch()


def _data(rows: list[Written]) -> bytes:
    """The messages of a batch as they lie in it."""
    plain: Any = import_module("kafka.record.default_records").DefaultRecordBatch
    return bytes(_batch(rows)._buffer[plain.HEADER_STRUCT.size :])


def _rows() -> list[Written]:
    """Of all sizes; some end as the one before them, as the events of a commit do."""
    chance = random.Random(8)
    rows: list[Written] = [
        (m.key, m.value, [*m.headers, ("x" * 70, None), *COMMON[: chance.choice([0, 3, 4, 4])]])
        for m in random_messages(500)
    ]
    rows += [(None, None, []), (b"", b"", [("", b"")])]
    rows += [(b"k", chance.randbytes(70_000), [("long", chance.randbytes(9_000))])]
    return rows


def test_messages_are_those_that_were_written() -> None:
    rows = _rows()
    expected = [(BASE + r.offset, dict(r.headers), r.value) for r in _batch(rows)]
    assert [tuple(record) for record in Messages(_data(rows), BASE, BASE)] == expected


def test_what_comes_before_the_offset_asked_for_is_left_out() -> None:
    rows = _rows()
    found = list(Messages(_data(rows), BASE, BASE + 490))
    assert [record.offset for record in found] == list(range(BASE + 490, BASE + len(rows)))
    assert found == list(Messages(_data(rows), BASE, BASE))[490:]


def test_a_name_that_is_no_utf_8_is_read() -> None:
    data = _data([(b"k", b"v", [("ab", b"1")])]).replace(b"ab", b"a\xff")
    assert [record.headers for record in Messages(data, 0, 0)] == [{"a\\xff": b"1"}]


@pytest.mark.parametrize("cut", range(1, 30))
def test_half_a_batch_is_none(cut: int) -> None:
    data = _data([(b"key", b"value", [("position", b"12"), ("hash", b"34")])])
    with pytest.raises(CorruptRecordError):
        list(Messages(data[:-cut], 0, 0))


def test_a_message_whose_parts_do_not_fill_it_is_no_event_and_the_next_one_is_read() -> None:
    one: Written = (b"key", b"value", [("position", b"12")])
    first, whole = _data([one]), _data([one, one])
    damaged = first.replace(b"\x10position", b"\x0eposition")
    found = list(Messages(damaged + whole[len(first) :], 0, 0))
    assert [(record.offset, record.value) for record in found] == [(0, None), (1, b"value")]
