"""The Avro schema of a class: a stored event or value (msgspec), or a message (pydantic).

Text for dates, times and rates, longs for money: Avro's logical types cost four times as much.
"""

import inspect
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeGuard

import msgspec
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from aggregates.event import Event, Fact
from commands.asking import Message, Part

NOTHING = object()
"""A field without a default."""

_PLAIN: dict[Any, str] = {
    str: "string",
    int: "long",
    bool: "boolean",
    date: "string",
    datetime: "string",
    Decimal: "string",
    msgspec.Raw: "string",
}

_MEANS: dict[Any, str] = {
    date: "a date like 2020-10-31",
    datetime: "a time like 2020-10-31T04:00:00Z; without Z it is local to the owner",
    Decimal: "a decimal number like 0.85",
    msgspec.Raw: "JSON, as it is stored",
}

_BASES = (Event, Fact, Message, Part, msgspec.Struct, BaseModel)


def schema_of(cls: type[Any], record: str) -> dict[str, Any]:
    """The schema of a message whose full name is `record`."""
    return _Maker(record).message(cls)


class _Maker:
    """Makes one schema. Records inside are named for their class and the message's version, so
    that a later version does not clash with them: `billstream.invoice.generated.InvoiceLineV1`.
    """

    def __init__(self, record: str) -> None:
        self._namespace, _, version = record.rpartition(".")
        self._version = version
        self._known: set[str] = set()

    def message(self, cls: type[Any]) -> dict[str, Any]:
        return self._record(cls, self._version, {"namespace": self._namespace})

    def _record(self, cls: type[Any], name: str, more: dict[str, Any]) -> dict[str, Any]:
        doc = {} if cls.__doc__ in {base.__doc__ for base in _BASES} else {"doc": _doc(cls)}
        listed = [self._field(*field) for field in _fields(cls)]
        return {"type": "record", "name": name, **more, **doc, "fields": listed}

    def _field(self, name: str, hint: Any, default: Any) -> dict[str, Any]:
        field = {"name": name, **_meaning(hint), "type": self._type(hint)}
        if default is not NOTHING:
            field["default"] = self._default(default)
        return field

    def _type(self, hint: Any) -> Any:
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if hint in _PLAIN:
            return _PLAIN[hint]
        if origin is typing.Annotated:
            return self._type(inner[0])
        if origin is Literal:
            return "string"
        if origin in (types.UnionType, typing.Union):
            branches = [part for part in inner if part is not type(None)]
            nothing = ["null"] if len(branches) < len(inner) else []
            return [*nothing, *(self._type(part) for part in branches)]
        if origin is dict:
            if inner[1] is Any:
                return "string"
            return {"type": "map", "values": self._type(inner[1])}
        if origin in (tuple, list):
            return {"type": "array", "items": self._type(inner[0])}
        return self._named(hint)

    def _named(self, cls: type[Any]) -> Any:
        name = f"{cls.__name__}{self._version.upper()}"
        if name in self._known:
            return name
        self._known.add(name)
        return self._record(cls, name, {})

    def _default(self, value: Any) -> Any:
        if isinstance(value, Fact):
            return {
                name: self._default(getattr(value, name)) for name, _, _ in _fields(type(value))
            }
        if _is_tuple(value):
            return [self._default(item) for item in value]
        return value


def _fields(cls: type[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, type and default of each field."""
    if issubclass(cls, BaseModel):
        hints = typing.get_type_hints(cls, include_extras=True)
        for name, found in cls.model_fields.items():
            default = NOTHING if found.default is PydanticUndefined else found.default
            yield name, hints[name], default
        return
    for field in msgspec.structs.fields(cls):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        yield field.name, field.type, NOTHING if default is msgspec.NODEFAULT else default


def _is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _meaning(hint: Any) -> dict[str, str]:
    """What a text in the field stands for, where its type does not say it."""
    if typing.get_origin(hint) is dict and typing.get_args(hint)[1] is Any:
        return {"doc": "a JSON object as text"}
    found = [_MEANS[part] for part in _parts(hint) if part in _MEANS]
    return {"doc": found[0]} if found else {}


def _parts(hint: Any) -> Iterator[Any]:
    inner = typing.get_args(hint)
    yield from (hint,) if not inner else (part for one in inner for part in _parts(one))


def _doc(cls: type[Any]) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or "").split())
