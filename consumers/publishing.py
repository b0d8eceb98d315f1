"""What history says, as messages: events on their topics, outcomes of commands as replies."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.invoice_state import SERIES
from schemas import unreadable
from schemas.catalogue import BY_NAME
from schemas.headers import AVRO, EventHeaders, Pairs, event_id, write_event
from schemas.replies import encode_reply, reply_of, reply_type
from schemas.stored import NewerHistory, decode
from schemas.topics import REPLIES, topic_of_event
from schemas.wire import Codec
from schemas.wire_types import type_of

INVOICE = "invoice.generated"
OUTCOMES = frozenset({"command.accepted", "command.refused"})


_OWN = frozenset({"ce_id", "ce_type", "content-type", "position", "stream_version", "hash"})
"""Headers that each event has for itself."""


class Stored(NamedTuple):
    """An event as it is stored: its payload is not decoded."""

    position: int
    stream: StreamId
    version: int
    name: str
    schema_version: int
    payload: bytes
    metadata: Mapping[str, str]
    at: datetime
    hash: bytes


class Message(NamedTuple):
    """A message for a topic, which is named without the owner's prefix."""

    topic: str
    key: bytes
    value: bytes
    headers: Pairs


class _Numbered(msgspec.Struct, gc=False):
    sequence: int = 0
    series: str = SERIES


_numbered = msgspec.json.Decoder(_Numbered)


class Publisher:
    """Makes the messages of an owner's history. `source` is the owner's prefix."""

    def __init__(self, codec: Codec, source: str) -> None:
        self._codec = codec
        self._source = source
        self._at: datetime | None = None
        self._metadata: Mapping[str, str] | None = None
        self._common: Pairs = []

    def messages(self, events: Iterable[Stored]) -> list[Message]:
        """One message an event, in the same order; commands that did not come as a message have
        no reply.
        """
        made = (self._message(event) for event in events)
        return [message for message in made if message is not None]

    def _message(self, event: Stored) -> Message | None:
        try:
            return self._reply(event) if event.name in OUTCOMES else self._event(event)
        except unreadable.DAMAGED as fault:
            raise unreadable.of_event(event.position, event.name, event.stream, fault) from fault

    def _event(self, event: Stored) -> Message:
        entry = BY_NAME.get(event.name)
        if entry is None or event.schema_version > entry.version:
            raise NewerHistory(event.name, event.schema_version)
        value = self._codec.encode_stored(event.name, event.schema_version, event.payload)
        stream = identity.text(event.stream)
        headers = self._headers(event, stream, type_of(event.name, entry.version), AVRO)
        return Message(topic_of_event(event.name), stream.encode(), value, headers)

    def _reply(self, event: Stored) -> Message | None:
        outcome: Any = decode(event.name, event.schema_version, event.payload)
        if not outcome.content_type:
            return None
        reply = reply_of(outcome)
        value = encode_reply(self._codec, reply, outcome.content_type)
        stream = identity.text(event.stream)
        headers = self._headers(event, stream, reply_type(reply), outcome.content_type)
        return Message(REPLIES, reply.id.encode(), value, headers)

    def _headers(self, event: Stored, stream: str, ce_type: str, content_type: str) -> Pairs:
        """As `schemas.headers.write_event` writes them. What the events of one commit have in
        common is written once for all of them.
        """
        if event.at is not self._at or event.metadata is not self._metadata:
            self._at, self._metadata = event.at, event.metadata
            self._common = self._written(event)
        return [
            ("ce_id", event_id(stream, event.version).encode()),
            ("ce_type", ce_type.encode()),
            ("content-type", content_type.encode()),
            ("position", b"%d" % event.position),
            ("stream_version", b"%d" % event.version),
            ("hash", event.hash.hex().encode()),
            *self._common,
        ]

    def _written(self, event: Stored) -> Pairs:
        whole = EventHeaders(
            id="",
            type="",
            source=self._source,
            time=event.at,
            content_type="",
            correlation_id=event.metadata.get("correlation", ""),
            causation_id=event.metadata.get("command", ""),
            position=event.position,
            stream_version=event.version,
            hash=b"",
        )
        return [pair for pair in write_event(whole) if pair[0] not in _OWN]


def last_numbers(events: Iterable[Stored]) -> dict[str, int]:
    """The highest number of each series among these, as a number."""
    highest: dict[str, int] = {}
    for event in events:
        if event.name == INVOICE:
            found = _numbered.decode(event.payload)
            highest[found.series] = max(highest.get(found.series, 0), found.sequence)
    return highest
