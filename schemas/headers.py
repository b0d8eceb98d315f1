"""Headers of messages: CloudEvents in Kafka's binary mode, and where in history an event stands.

Kafka gives headers as pairs of a name and bytes, in any order and any number.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.wire_error import WireError

AVRO = "application/avro"
JSON = "application/json"
CONTENT_TYPES = (JSON, AVRO)

LONGEST = 500
"""Characters of a header that we read."""

Pairs = list[tuple[str, bytes]]

_OURS = frozenset(
    {
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_specversion",
        "content-type",
        "correlation_id",
        "causation_id",
        "position",
        "stream_version",
        "hash",
    }
)


class EventHeaders(NamedTuple):
    """What stands above an event. `causation_id` is the command that caused it, "" for none."""

    id: str
    type: str
    source: str
    time: datetime
    content_type: str
    correlation_id: str
    causation_id: str
    position: int
    stream_version: int
    hash: bytes


class CommandHeaders(NamedTuple):
    """What stands above a command: who sends it, its id there, and which command it is."""

    id: str
    type: str
    source: str
    content_type: str
    correlation_id: str


def event_id(stream: str, version: int) -> str:
    """`ce_id` of an event: the same whenever and wherever it is published."""
    return f"{stream}/{version}"


def write_event(headers: EventHeaders) -> Pairs:
    """The headers of an event, or of a reply."""
    written = {
        "ce_specversion": "1.0",
        "ce_id": headers.id,
        "ce_type": headers.type,
        "ce_source": headers.source,
        "ce_time": _time(headers.time),
        "content-type": headers.content_type,
        "correlation_id": headers.correlation_id,
        "causation_id": headers.causation_id,
        "position": str(headers.position),
        "stream_version": str(headers.stream_version),
        "hash": headers.hash.hex(),
    }
    return [(name, text.encode()) for name, text in written.items() if text]


def write_command(headers: CommandHeaders) -> Pairs:
    """The headers of a command, as a sender writes them."""
    written = {
        "ce_specversion": "1.0",
        "ce_id": headers.id,
        "ce_type": headers.type,
        "ce_source": headers.source,
        "content-type": headers.content_type,
        "correlation_id": headers.correlation_id,
    }
    return [(name, text.encode()) for name, text in written.items() if text]


def read_event(pairs: Iterable[tuple[str, bytes | None]]) -> EventHeaders:
    """The headers of an event."""
    found = _texts(pairs)
    return EventHeaders(
        id=_needed(found, "ce_id"),
        type=_needed(found, "ce_type"),
        source=_needed(found, "ce_source"),
        time=_instant(_needed(found, "ce_time")),
        content_type=_content_type(found),
        correlation_id=found.get("correlation_id", ""),
        causation_id=found.get("causation_id", ""),
        position=_number(found, "position"),
        stream_version=_number(found, "stream_version"),
        hash=_hash(_needed(found, "hash")),
    )


def read_command(pairs: Sequence[tuple[str, bytes | None]]) -> CommandHeaders:
    """The headers of a command. Without a `content-type` it is JSON."""
    found = _texts(pairs)
    return CommandHeaders(
        id=_needed(found, "ce_id"),
        type=_needed(found, "ce_type"),
        source=_needed(found, "ce_source"),
        content_type=_content_type(found),
        correlation_id=found.get("correlation_id", ""),
    )


def _texts(pairs: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """The headers we know, as text; others are none of our business."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in _OURS:
            continue
        if name in found:
            raise WireError("header_invalid", f"header {name} stands there twice", header=name)
        try:
            text = (value or b"").decode()
        except UnicodeDecodeError:
            text = "\0"
        if len(text) > LONGEST or not text.isprintable():
            raise WireError(
                "header_invalid",
                f"header {name} is not printable UTF-8 of at most {LONGEST} characters",
                header=name,
            )
        found[name] = text
    if not found.get("ce_specversion", "1.0").startswith("1."):
        raise WireError(
            "header_invalid",
            f"ce_specversion is {found['ce_specversion']!r}: write 1.0",
            header="ce_specversion",
        )
    return found


def _needed(found: Mapping[str, str], name: str) -> str:
    text = found.get(name, "")
    if not text.strip():
        raise WireError("header_missing", f"header {name} is missing or empty", header=name)
    return text


def _content_type(found: Mapping[str, str]) -> str:
    written = found.get("content-type", JSON).partition(";")[0].strip().lower()
    if written not in CONTENT_TYPES:
        raise WireError(
            "content_type_unknown",
            f"content-type is {written!r}: send application/json or application/avro",
            header="content-type",
        )
    return written


def _number(found: Mapping[str, str], name: str) -> int:
    text = _needed(found, name)
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise WireError("header_invalid", f"header {name} is {text!r}, no number", header=name)
    return int(text)


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise WireError("header_invalid", "header hash is not a SHA-256", header="hash")
    return found


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WireError(
            "header_invalid",
            f"ce_time is {text!r}: write a time like 2020-10-31T04:00:00Z",
            header="ce_time",
        )
    return found.astimezone(UTC)
