"""Messages carry what history says of each event."""

from datetime import UTC, datetime, timedelta

from aggregates import identity
from aggregates.command import CommandAccepted
from aggregates.event import Event
from aggregates.owner import OwnerRenamed
from consumers.publishing import Message, Publisher, Stored
from schemas.headers import EventHeaders, read_event
from schemas.stored import encode
from schemas.wire import Codec, decode_event

AT = datetime(2020, 10, 5, 9, tzinfo=UTC)
FACTS = {"command": "the-command", "correlation": "together"}


def _stored(position: int, event: Event, at: datetime, facts: dict[str, str]) -> Stored:
    name, version, payload = encode(event)
    hash = bytes([position]) * 32
    return Stored(position, identity.owner(), position, name, version, payload, facts, at, hash)


def _messages(*events: Stored) -> list[Message]:
    return Publisher(Codec(), "acme").messages(events)


def test_headers_tell_where_each_event_stands() -> None:
    first = _stored(1, OwnerRenamed(name="A"), AT, FACTS)
    same_commit = _stored(2, OwnerRenamed(name="B"), AT, FACTS)
    later = _stored(3, OwnerRenamed(name="C"), AT + timedelta(seconds=1), {})
    stream = identity.text(identity.owner())
    made = _messages(first, same_commit, later)
    for stored, message in zip((first, same_commit, later), made, strict=True):
        assert read_event(message.headers) == EventHeaders(
            id=f"{stream}/{stored.version}",
            type="billstream.owner.renamed.v1",
            source="acme",
            time=stored.at,
            content_type="application/avro",
            correlation_id=stored.metadata.get("correlation", ""),
            causation_id=stored.metadata.get("command", ""),
            position=stored.position,
            stream_version=stored.version,
            hash=stored.hash,
        )
        assert message.topic == "setup"
        assert message.key == stream.encode()
    assert [decode_event(message.value).name for message in made] == ["A", "B", "C"]


def test_only_what_came_as_a_message_is_replied_to() -> None:
    typed = CommandAccepted(source="cli", id="1", type="apply", body_hash="0")
    sent = CommandAccepted(
        source="crm", id="2", type="apply", body_hash="0", content_type="application/json"
    )
    (reply,) = _messages(_stored(1, typed, AT, FACTS), _stored(2, sent, AT, FACTS))
    assert (reply.topic, reply.key) == ("replies", b"2")
    assert read_event(reply.headers).type == "billstream.reply.accepted.v1"
