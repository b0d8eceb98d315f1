"""The functions made from schemas write and read what fastavro does, and nothing else."""

import random
from io import BytesIO
from typing import Any

import msgspec
import pytest
from fastavro import (
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType]
    schemaless_writer,  # pyright: ignore[reportUnknownVariableType]
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.avro_code import FAILURES, Compiled, compiled
from schemas.avro_files import WireSchema, of_record
from schemas.catalogue import EVENT_TYPES, EventType
from schemas.stored import decode
from schemas.wire import Codec
from schemas.wire_types import type_of
from tests.schemas.test_wire import SAMPLES
from tests.support.strategies import facts

IN_MILLIONS = ("account.opened", "account_package.billed", "invoice.generated")
NAMES = [entry.name for entry in EVENT_TYPES]


def schema_of(entry: EventType) -> WireSchema:
    return of_record(type_of(entry.name, entry.version))


def quick_of(entry: EventType) -> Compiled | None:
    return compiled(schema_of(entry).text)


def by_fastavro(schema: WireSchema, fields: dict[str, Any]) -> bytes:
    body = BytesIO()
    schemaless_writer(body, schema.parsed, fields)
    return body.getvalue()


def test_what_comes_in_millions_has_functions() -> None:
    made = {entry.name for entry in EVENT_TYPES if quick_of(entry)}
    assert made >= set(IN_MILLIONS)
    assert len(made) > len(EVENT_TYPES) * 3 / 4


@pytest.mark.parametrize("entry", EVENT_TYPES, ids=NAMES)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_bytes_and_the_same_event(entry: EventType, data: st.DataObject) -> None:
    event = data.draw(facts(entry.cls))
    sent = Codec().encode_event(event)
    back = Codec().decode_stored(sent)
    assert back[:2] == (entry.name, entry.version)
    assert decode(*back) == event
    quick = quick_of(entry)
    if quick is not None:
        fields = quick.read(sent, 10)
        assert quick.write(fields) == sent[10:] == by_fastavro(schema_of(entry), fields)


@pytest.mark.parametrize("number", [0, 1, 63, 64, 4095, 4096, -1, -4096, 2**63 - 1, -(2**63)])
def test_numbers_of_every_length(number: int) -> None:
    text = '{"type":"record","name":"N","fields":[{"name":"n","type":"long"}]}'
    schema, quick = msgspec.json.decode(text), compiled(text)
    assert quick is not None
    body = BytesIO()
    schemaless_writer(body, schema, {"n": number})
    assert quick.write({"n": number}) == body.getvalue()
    assert quick.read(body.getvalue(), 0) == {"n": number}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, "1", None, 1.5])
def test_what_is_no_number_is_left_to_fastavro(number: object) -> None:
    quick = compiled('{"type":"record","name":"N","fields":[{"name":"n","type":"long"}]}')
    assert quick is not None
    with pytest.raises(FAILURES):
        quick.write({"n": number})


@pytest.mark.parametrize("number", range(len(EVENT_TYPES)), ids=NAMES)
def test_damaged_bytes_are_read_as_fastavro_reads_them_or_not_at_all(number: int) -> None:
    entry, chance = EVENT_TYPES[number], random.Random(number)
    quick, schema = quick_of(entry), schema_of(entry)
    if quick is None:
        return
    whole = Codec().encode_event(SAMPLES[number])[10:]
    for _ in range(300):
        damaged = bytearray(whole[: chance.randrange(len(whole) + 1)] or b"\0")
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            found = quick.read(bytes(damaged), 0)
        except FAILURES:
            continue
        stream = BytesIO(bytes(damaged))
        read: Any = schemaless_reader(stream, schema.parsed, None)
        assert by_fastavro(schema, found) == by_fastavro(schema, read)
        assert stream.tell() == len(damaged)
