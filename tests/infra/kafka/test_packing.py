"""Messages packed beforehand are what kafka-python would have sent, where it would have sent it."""

import random
from collections import defaultdict
from importlib import import_module
from typing import Any

from kafka.partitioner.default import murmur2

from consumers.publishing import Message
from infra.kafka.packing import MAGIC, pack
from infra.kafka.partitions import hashes, partition_of
from infra.kafka.partitions import murmur2 as ours

CALLED = {"invoices": "acme.invoices", "accounts": "acme.accounts"}
PARTITIONS = {"acme.invoices": 6, "acme.accounts": 3}


def test_keys_lie_where_every_client_puts_them() -> None:
    chance = random.Random(5)
    keys = [chance.randbytes(length) for length in [*range(80), 500, 1001]]
    expected = [murmur2(key) & 0xFFFFFFFF for key in keys]
    assert [ours(key) for key in keys] == expected


def test_keys_lie_there_however_many_are_looked_at_together() -> None:
    chance = random.Random(7)
    lengths = [0, 1, 5, 36, 37, 38, 39, 40, 1001]
    keys = [chance.randbytes(chance.choice(lengths)) for _ in range(3_000)]
    keys += [bytes([255]) * length for length in lengths]
    assert hashes(keys) == [murmur2(key) & 0xFFFFFFFF for key in keys]
    assert hashes([]) == []


def random_messages(count: int) -> list[Message]:
    chance = random.Random(6)
    topics = list(CALLED)
    return [
        Message(
            chance.choice(topics),
            b"%d" % chance.randrange(40),
            chance.randbytes(chance.choice([0, 10, 600, 5_000])),
            [("position", b"%d" % number), ("é", b"")],
        )
        for number in range(count)
    ]


def _records(batch: Any) -> list[Any]:
    batch.close()
    read: Any = import_module("kafka.record.memory_records").MemoryRecords
    return [record for part in read(bytes(batch.buffer())) for record in part]


def test_each_partition_gets_its_messages_in_order_and_as_they_were() -> None:
    messages = random_messages(3_000)
    wanted: dict[tuple[str, int], list[Message]] = defaultdict(list)
    for message in messages:
        name = CALLED[message.topic]
        wanted[name, partition_of(message.key, PARTITIONS[name])].append(message)
    found: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for place, batch in pack(messages, CALLED, PARTITIONS, 1_000_000):
        found[place] += _records(batch)
    assert {
        place: [(r.key, r.value, r.headers) for r in some] for place, some in found.items()
    } == {place: [(m.key, m.value, m.headers) for m in some] for place, some in wanted.items()}


def test_a_batch_has_the_bytes_that_kafka_python_writes() -> None:
    make: Any = import_module("kafka.record.memory_records").MemoryRecordsBuilder
    messages = [m for m in random_messages(2_000) if m.topic == "invoices"]
    messages.append(Message("invoices", b"1", bytes(2_000_000), [("long", bytes(70_000))]))
    mine = [batch for _, batch in pack(messages, CALLED, {"acme.invoices": 1}, 5_000)]
    theirs: list[Any] = []
    for _, key, value, headers in messages:
        now = mine[max(0, len(theirs) - 1)]._builder._first_timestamp
        if not theirs or theirs[-1].append(now, key, value, headers) is None:
            theirs.append(make(MAGIC, 0, 5_000))
            theirs[-1].append(now, key, value, headers)
    assert [batch.next_offset() for batch in mine] == [batch.next_offset() for batch in theirs]
    for batch in mine + theirs:
        batch.set_producer_state(7, 1, 9, True)
        batch.close()
    assert [bytes(batch.buffer()) for batch in mine] == [bytes(batch.buffer()) for batch in theirs]


def test_no_batch_is_larger_than_allowed_but_for_a_single_message() -> None:
    large = Message("invoices", b"1", bytes(9_000), [])
    small = Message("invoices", b"1", bytes(100), [])
    batches = pack([small, large, small, small], CALLED, PARTITIONS, 1_000)
    assert [len(_records(batch)) for _, batch in batches] == [1, 1, 2]
