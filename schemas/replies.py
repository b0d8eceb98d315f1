"""What is answered to a command: accepted or refused, on topic `replies` (decision 15).

A reply is made from the event in the command's own stream, so that the same command gets the same
reply whenever it is asked for. It is written as the command was: JSON to JSON, else Avro.
"""

from typing import Any

import msgspec

from aggregates.command import CommandAccepted, CommandRefused
from aggregates.event import Fact
from schemas.headers import JSON
from schemas.wire import Codec
from schemas.wire_error import WireError
from schemas.wire_types import type_of


class Accepted(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The command was done. `result` names what came of it; the `execution` and `schedule` in it
    stand beside it too. `id` and `source` are the command's own.
    """

    id: str
    source: str
    type: str
    status: str = "accepted"
    execution: str | None = None
    schedule: str | None = None
    result: dict[str, str] = {}


class Refused(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The command was not done and changed nothing. `code` is stable, `message` says what to do."""

    id: str
    source: str
    type: str
    code: str
    message: str
    status: str = "refused"


Reply = Accepted | Refused

ACCEPTED = type_of("reply.accepted", 1)
REFUSED = type_of("reply.refused", 1)

_RECORDS: dict[str, type[Accepted] | type[Refused]] = {ACCEPTED: Accepted, REFUSED: Refused}


def reply_of(event: CommandAccepted | CommandRefused) -> Reply:
    """The reply that an outcome is, as recorded."""
    if isinstance(event, CommandAccepted):
        return Accepted(
            id=event.id,
            source=event.source,
            type=event.type,
            execution=event.result.get("execution"),
            schedule=event.result.get("schedule"),
            result=event.result,
        )
    return Refused(
        id=event.id, source=event.source, type=event.type, code=event.code, message=event.message
    )


def reply_type(reply: Reply) -> str:
    """Its `ce_type`."""
    return ACCEPTED if isinstance(reply, Accepted) else REFUSED


def encode_reply(codec: Codec, reply: Reply, content_type: str) -> bytes:
    """The reply in JSON with every field, or in Avro."""
    plain = {field: getattr(reply, field) for field in reply.__struct_fields__}
    if content_type == JSON:
        return msgspec.json.encode(plain)
    return codec.encode_fields(reply_type(reply), plain)


def decode_reply(codec: Codec, ce_type: str, content_type: str, data: bytes) -> Reply:
    """The reply in a message, as its headers say."""
    cls = _RECORDS.get(ce_type)
    if cls is None:
        raise WireError("type_unknown", f"{ce_type[:100]!r} is no reply", type=ce_type[:200])
    try:
        if content_type == JSON:
            plain: Any = msgspec.json.decode(data)
        else:
            plain = codec.decode_fields(data, ce_type).fields
        return msgspec.convert(plain, cls)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError("message_malformed", f"the reply cannot be read: {error}") from None
