"""Events as they are stored: compact JSON under an explicit name and version (decisions 5, 13).

What is written is never rewritten: an older version is brought to the newest while reading, on the
raw payload, by the functions in `schemas/upcasters`.
"""

from functools import cache
from typing import Any, NamedTuple

import msgspec

from aggregates.event import Event, State
from aggregates.refusal import Refusal
from schemas.catalogue import BY_CLASS, BY_NAME
from schemas.upcasters import UPCASTERS

_encoder = msgspec.json.Encoder()
_raw = msgspec.json.Decoder(dict[str, Any])


class NewerHistory(Refusal):
    """History holds a type or a version of an event that this program does not know."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            "newer_history",
            f"history holds {name} v{version}, which this version of billstream does not know: "
            "install the newer one",
            type=name,
            version=version,
        )


class StoredForm(NamedTuple):
    name: str
    version: int
    payload: bytes


def encode(event: Event) -> StoredForm:
    """The stored form of an event: always its newest version."""
    entry = BY_CLASS[type(event)]
    return StoredForm(entry.name, entry.version, _encoder.encode(event))


def encode_state(state: State) -> bytes:
    """A state as its row and `PackageBilled.state` hold it."""
    return _encoder.encode(state)


def decode(name: str, version: int, payload: bytes) -> Any:
    """The event behind a stored payload, brought to the newest version of its type."""
    entry = BY_NAME.get(name)
    if entry is None or version > entry.version or version < 1:
        raise NewerHistory(name, version)
    if version == entry.version:
        return _decoder(name).decode(payload)
    return msgspec.convert(newest(name, version, _raw.decode(payload)), entry.cls, strict=False)


def newest(name: str, version: int, raw: dict[str, Any]) -> dict[str, Any]:
    """A raw payload brought to the newest version of its type, step by step."""
    for step in range(version, BY_NAME[name].version):
        raw = UPCASTERS[name, step](raw)
    return raw


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(BY_NAME[name].cls)
