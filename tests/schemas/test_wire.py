"""Events as messages: what is sent is what is read, and nothing else gets in."""

import json
import random
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.account import MemberJoined
from aggregates.bill_group import BillGroupCreated, BillGroupSettings
from schemas.avro_files import WireSchema, of_record
from schemas.catalogue import EVENT_TYPES, EventType
from schemas.stored import NewerHistory, decode, encode
from schemas.wire import MOST_BYTES, Codec, decode_event, encode_event
from schemas.wire_error import WireError
from schemas.wire_types import event_named, named, type_of
from tests.schemas.make_golden import path_of
from tests.support.strategies import facts

V1 = type_of("bill_group.created", 1)


def golden(name: str, version: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path_of(name, version).read_text())
    return found


def sample(entry: EventType) -> Any:
    stored = json.dumps(golden(entry.name, entry.version)["stored"]).encode()
    return decode(entry.name, entry.version, stored)


SAMPLES = [sample(entry) for entry in EVENT_TYPES]


class Ids:
    """A registry in which the schemas have the ids they are given."""

    def __init__(self, **known: int) -> None:
        self.known = {name.replace("__", "."): id for name, id in known.items()}

    def id_of(self, record: str) -> int:
        return self.known[record]

    def schema_of(self, id: int) -> WireSchema:
        for record, known in self.known.items():
            if known == id:
                return of_record(record)
        raise WireError("schema_unknown", f"no schema {id}")


def refused(data: bytes, codec: Codec | None = None) -> str:
    with pytest.raises(WireError) as caught:
        (codec or Codec()).decode_event(data)
    return caught.value.code


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_a_sample_of_every_event_comes_back(event: Any) -> None:
    sent = encode_event(event)
    back = decode_event(sent)
    assert back == event
    assert encode(back).payload == encode(event).payload
    assert Codec().encode_stored(*encode(event)) == sent


@pytest.mark.parametrize("entry", EVENT_TYPES, ids=lambda entry: entry.name)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_event_that_could_be_comes_back(entry: EventType, data: st.DataObject) -> None:
    event = data.draw(facts(entry.cls))
    back = decode_event(encode_event(event))
    assert back == event
    # A text that equals the default is left out only when it is the default's own object.
    assert decode(*encode(back)) == event


def test_a_single_object_is_laid_out_as_avro_says() -> None:
    schema = of_record("billstream.account.member_joined.v1")
    assert encode_event(MemberJoined(member="A-1")) == b"\xc3\x01" + schema.fingerprint + b"\x06A-1"


def test_with_a_registry_the_framing_is_confluents() -> None:
    codec = Codec(Ids(billstream__account__member_joined__v1=258))
    sent = codec.encode_event(MemberJoined(member="A-1"))
    assert sent == struct.pack(">bI", 0, 258) + b"\x06A-1"
    assert codec.decode_event(sent) == MemberJoined(member="A-1")
    assert codec.decode_event(encode_event(MemberJoined(member="B"))) == MemberJoined(member="B")


def test_an_older_version_is_brought_to_the_newest() -> None:
    found = golden("bill_group.created", 1)
    sent = Codec().encode_fields(V1, found["stored"])
    assert json.loads(encode(decode_event(sent)).payload) == found["now"]
    plain = Codec().encode_fields(V1, {"name": "G", "settings": {}})
    assert decode_event(plain) == BillGroupCreated(name="G", settings=BillGroupSettings())


def test_the_stored_form_of_an_older_version_goes_out_as_the_newest() -> None:
    stored = json.dumps(golden("bill_group.created", 1)["stored"]).encode()
    back = decode_event(Codec().encode_stored("bill_group.created", 1, stored))
    assert isinstance(back, BillGroupCreated)
    assert back == decode("bill_group.created", 1, stored)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "message_malformed"),
        (b"\xc3\x01", "message_malformed"),
        (b"\xc3\x01" + b"\x07" * 8 + b"abc", "schema_unknown"),
        (b"\0", "message_malformed"),
        (b"\0\0\0\0\1", "registry_missing"),
        (b'{"member":"A"}', "message_malformed"),
        (encode_event(MemberJoined(member="A-1"))[:-1], "message_malformed"),
        (encode_event(MemberJoined(member="A-1")) + b"\0", "message_malformed"),
        (encode_event(MemberJoined(member="A"))[:10] + b"\x02\xff", "message_malformed"),
        (encode_event(MemberJoined(member="A"))[:10] + b"\x01", "message_malformed"),
        (b"\xc3\x01" + b"x" * MOST_BYTES, "message_too_large"),
        (Codec().encode_fields("billstream.delete_package.v1", {"code": "x"}), "type_mismatch"),
    ],
)
def test_what_is_no_event_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_an_id_that_the_registry_does_not_know_is_refused() -> None:
    assert refused(b"\0\0\0\0\1", Codec(Ids())) == "schema_unknown"


def test_well_formed_avro_with_impossible_values_is_refused() -> None:
    record = "billstream.bill_run.deleted.v1"
    assert decode_event(Codec().encode_fields(record, {})) is not None
    changed = {"bill_day": 3, "holds_from": "2020-02-30"}
    sent = Codec().encode_fields("billstream.account.bill_day_changed.v1", changed)
    assert refused(sent) == "message_malformed"
    billed = {**golden("account_package.billed", 1)["stored"], "state": "{}"}
    sent = Codec().encode_fields("billstream.account_package.billed.v1", billed)
    assert refused(sent) == "message_malformed"


def test_types_are_names_with_versions() -> None:
    assert named("billstream.invoice.generated.v12") == ("invoice.generated", 12)
    assert event_named("billstream.invoice.generated.v1") == ("invoice.generated", 1)
    for wrong in ("", "invoice.generated.v1", "billstream.invoice.generated", "billstream.a.v0"):
        with pytest.raises(WireError):
            named(wrong)
    for newer in ("billstream.invoice.generated.v2", "billstream.invoice.eaten.v1"):
        with pytest.raises(NewerHistory):
            event_named(newer)


def test_two_thousand_damaged_messages_are_refused_and_nothing_else_happens() -> None:
    """Flipped, cut, joined and invented bytes: each is read as an event or is a WireError."""
    chance = random.Random(20201031)
    good = [encode_event(event) for event in SAMPLES]
    codec = Codec(Ids(billstream__account__member_joined__v1=1))
    refusals = 0
    for _ in range(2_000):
        try:
            codec.decode_event(damaged(chance, good))
        except WireError:
            refusals += 1
    assert refusals > 1_000


def damaged(chance: random.Random, good: list[bytes]) -> bytes:
    """A message that something has happened to."""
    data = bytearray(chance.choice(good))
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(200))
        case 1:
            return bytes(data[: chance.randrange(len(data))])
        case 2:
            return bytes(data[:10]) + chance.randbytes(chance.randrange(100))
        case 3:
            return bytes(data[:10]) + bytes(chance.choice(good)[10:])
        case 4:
            return b"\0\0\0\0" + bytes([chance.randrange(3)]) + bytes(data[10:])
        case _:
            for _ in range(chance.randrange(1, 5)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            return bytes(data)
