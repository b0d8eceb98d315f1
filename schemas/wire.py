"""Messages as bytes: Avro, framed so that a reader finds the schema (design, "Wire format").

Without a schema registry a message is an Avro single object: C3 01, the fingerprint of its schema,
the body. With one it has the Confluent framing: a zero byte, the schema's id in the registry, the
body. A codec reads both. The body has the fields of the stored form (`schemas/stored.py`): money
in minor units, dates, times and rates as text. A `PackageBilled` carries its state as the JSON
text that is stored, byte for byte.
"""

import struct
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple, Protocol, cast

import msgspec
from fastavro import (
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType]
    schemaless_writer,  # pyright: ignore[reportUnknownVariableType]
)
from msgspec import inspect

from aggregates.event import Event
from schemas.avro_code import FAILURES, Compiled, compiled
from schemas.avro_files import WireSchema, of_fingerprint, of_record
from schemas.catalogue import BY_NAME
from schemas.compatibility import Names, is_dict, is_list, names_in
from schemas.kinds import kind_of_type, state_decoder
from schemas.stored import StoredForm, newest
from schemas.stored import encode as encode_to_store
from schemas.wire_error import WireError
from schemas.wire_types import event_named, type_of

MOST_BYTES = 1_000_000
"""No message is larger: it is what a broker takes by default."""

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = struct.Struct(">bI")


class Ids(Protocol):
    """A schema registry, as far as a codec needs it. The module `infra.kafka.registry` is one."""

    def id_of(self, record: str) -> int:
        """The id under which our schema of a record is registered."""
        ...

    def schema_of(self, id: int) -> WireSchema:
        """The schema behind an id. Raises WireError(`schema_unknown`)."""
        ...


class Body(NamedTuple):
    """A message taken apart: which record it is and its fields."""

    record: str
    fields: dict[str, Any]
    schema: WireSchema


class _Head(NamedTuple):
    """How a record is written: what comes before the body, and the body."""

    head: bytes
    schema: Any
    quick: Compiled | None


class _Known(NamedTuple):
    """How an event in its newest version is read; `raws` are fields that hold a state."""

    name: str
    version: int
    quick: Compiled
    raws: tuple[str, ...]


class Codec:
    """Encodes with single-object framing, or with a registry's ids when there is one."""

    def __init__(self, registry: Ids | None = None) -> None:
        self._registry = registry
        self._heads: dict[str, _Head] = {}
        self._known: dict[bytes, _Known | None] = {}

    def encode_event(self, event: Event) -> bytes:
        """An event, always in its newest version."""
        return self.encode_stored(*encode_to_store(event))

    def encode_stored(self, name: str, version: int, payload: bytes) -> bytes:
        """An event straight from its stored form: the short way for a relay."""
        fields = _from_stored(name, version, payload)
        return self.encode_fields(type_of(name, BY_NAME[name].version), fields)

    def encode_fields(self, record: str, fields: Mapping[str, Any]) -> bytes:
        """Any message from its fields; those at their default may be left out."""
        head, schema, quick = self._heads.get(record) or self._head(record)
        if quick is not None:
            try:
                return head + quick.write(fields)
            except FAILURES:
                pass  # fastavro says what is wrong with it
        body = BytesIO()
        body.write(head)
        schemaless_writer(body, schema, cast(dict[str, Any], fields))
        return body.getvalue()

    def decode_stored(self, data: bytes) -> StoredForm:
        """The stored form of the event in a message: the short way for a projector, who knows
        that a relay wrote it. What its fields mean is not looked at.
        """
        head = data[: CONFLUENT.size] if data[:1] == b"\0" else data[:10]
        if head not in self._known:
            self._known[head] = self._know(data)
        known = self._known[head]
        if known is not None and len(data) <= MOST_BYTES:
            try:
                fields = known.quick.read(data, len(head))
                for field in known.raws:
                    if field in fields:
                        fields[field] = msgspec.Raw(fields[field])
                return StoredForm(known.name, known.version, _encode(fields))
            except FAILURES:
                pass  # the long way says what is wrong with it
        return encode_to_store(self.decode_event(data))

    def _know(self, data: bytes) -> "_Known | None":
        """How messages with the head of this one are read; None: the long way."""
        schema, _ = self._schema_of(data)
        name, version = event_named(schema.record)
        quick = compiled(schema.text)
        if quick is None or version != BY_NAME[name].version:
            return None
        return _Known(name, version, quick, tuple(_raw_fields(name)))

    def decode_event(self, data: bytes) -> Any:
        """The event in a message, brought to the newest version of its type."""
        record, fields, schema = self.decode_fields(data)
        name, version = event_named(record)
        if version < BY_NAME[name].version:
            fields = newest(name, version, _as_stored(fields, schema))
        try:
            return _to_event(name, fields)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise _malformed(f"{record}: {error}") from None

    def decode_fields(self, data: bytes, record: str | None = None) -> Body:
        """The fields of a message; `record` is what it has to be."""
        if len(data) > MOST_BYTES:
            raise WireError(
                "message_too_large",
                f"the message has {len(data):,} bytes, {MOST_BYTES:,} are allowed: send less",
                bytes=len(data),
            )
        schema, start = self._schema_of(data)
        if record is not None and schema.record != record:
            raise WireError(
                "type_mismatch",
                f"the headers say {record}, the message is a {schema.record}: send one of them",
            )
        return Body(schema.record, _read(data, start, schema), schema)

    def _schema_of(self, data: bytes) -> tuple[WireSchema, int]:
        if data[:2] == SINGLE_OBJECT:
            if len(data) < 10:
                raise _malformed("it ends within the fingerprint of its schema")
            return of_fingerprint(data[2:10]), 10
        if data[:1] == b"\0":
            if len(data) < CONFLUENT.size:
                raise _malformed("it ends within the id of its schema")
            _, id = CONFLUENT.unpack_from(data)
            if self._registry is None:
                raise WireError(
                    "registry_missing",
                    f"the message names schema {id} of a registry and none is configured: set "
                    "BILLSTREAM_SCHEMA_REGISTRY_URL, or send Avro single objects",
                )
            return self._registry.schema_of(id), CONFLUENT.size
        raise _malformed("it begins neither as an Avro single object nor with a registry's id")

    def _head(self, record: str) -> "_Head":
        schema = of_record(record)
        if self._registry is None:
            head = SINGLE_OBJECT + schema.fingerprint
        else:
            head = CONFLUENT.pack(0, self._registry.id_of(record))
        found = self._heads[record] = _Head(head, schema.parsed, compiled(schema.text))
        return found


_PLAIN = Codec()


def encode_event(event: Event) -> bytes:
    """An event as an Avro single object."""
    return _PLAIN.encode_event(event)


def decode_event(data: bytes) -> Any:
    """The event in an Avro single object."""
    return _PLAIN.decode_event(data)


def _read(data: bytes, start: int, schema: WireSchema) -> dict[str, Any]:
    """The body. Whatever the library stumbles over in foreign bytes means the same: damaged."""
    stream = BytesIO(data)
    stream.seek(start)
    try:
        fields = schemaless_reader(stream, schema.parsed, None)
    except Exception as error:
        raise _malformed(f"{schema.record}: {str(error)[:200] or type(error).__name__}") from None
    if stream.tell() != len(data):
        raise _malformed(f"{len(data) - stream.tell()} bytes follow the {schema.record}")
    return cast(dict[str, Any], fields)


def _malformed(reason: str) -> WireError:
    return WireError("message_malformed", f"the message cannot be read: {reason}")


# between the stored form and the fields of a message

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode


def _from_stored(name: str, version: int, payload: bytes) -> dict[str, Any]:
    if version < BY_NAME[name].version:
        old = msgspec.convert(newest(name, version, _decode(payload)), BY_NAME[name].cls)
        payload = encode_to_store(old).payload
    raws = _raw_fields(name)
    if not raws:
        return _decode(payload)
    return {
        field: str(part, "utf-8") if field in raws else _decode_any(part)
        for field, part in _decode_parts(payload).items()
    }


def _to_event(name: str, fields: dict[str, Any]) -> Any:
    for field, check in _raw_fields(name).items():
        if isinstance(fields.get(field), str):
            text = fields[field]
            check.decode(text)
            fields[field] = msgspec.Raw(text)
    return msgspec.convert(fields, BY_NAME[name].cls)


@cache
def _raw_fields(name: str) -> dict[str, msgspec.json.Decoder[Any]]:
    """Fields that hold a state as it is stored, each with the decoder that knows such a state."""
    kind = inspect.type_info(BY_NAME[name].cls)
    assert isinstance(kind, inspect.StructType)
    return {
        field.name: state_decoder(kind_of_type(name))
        for field in kind.fields
        if isinstance(field.type, inspect.RawType)
    }


def _as_stored(fields: Mapping[str, Any], schema: WireSchema) -> dict[str, Any]:
    """Fields of an older version as they were stored, defaults left out, for its upcaster."""
    stored: dict[str, Any] = _without_defaults(fields, schema.plain, names_in(schema.plain))
    return stored


def _without_defaults(value: Any, kind: Any, names: Names) -> Any:
    if isinstance(kind, str):
        kind = names.get(kind, kind)
    if is_list(kind):
        inside = [branch for branch in kind if branch != "null"]
        return value if value is None else _without_defaults(value, inside[0], names)
    if not is_dict(kind):
        return value
    match kind["type"]:
        case "array":
            return [_without_defaults(item, kind["items"], names) for item in value]
        case "map":
            return {key: _without_defaults(v, kind["values"], names) for key, v in value.items()}
        case _:
            return {
                field["name"]: _without_defaults(value[field["name"]], field["type"], names)
                for field in kind["fields"]
                if "default" not in field or value[field["name"]] != field["default"]
            }
