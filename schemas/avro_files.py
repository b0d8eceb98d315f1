"""The Avro schemas of every message, as files: read, prepared and found again.

A message names its schema by a fingerprint. `avro/index.json` says which file has which, so that
only the schemas that are met are ever read. The files are made from the classes by
`python -m tests.schemas.make_avro`; those of earlier shapes stand in `avro/released`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

from schemas.wire_error import WireError

FOLDER = Path(__file__).parent / "avro"
INDEX = FOLDER / "index.json"

PREFIX = "billstream."


class WireSchema(NamedTuple):
    """A schema ready for use. `record` is its full name, the same word as `ce_type`."""

    record: str
    text: str
    plain: dict[str, Any]
    parsed: Any
    fingerprint: bytes
    """CRC-64-AVRO of the parsing canonical form, as it stands in a message."""


class _Index(NamedTuple):
    newest: dict[str, str]
    prints: dict[str, str]


def prepare(text: str) -> WireSchema:
    """A schema from its text. Raises what fastavro raises for one that is not Avro."""
    plain: dict[str, Any] = json.loads(text)
    form = to_parsing_canonical_form(plain)
    printed = bytes.fromhex(fingerprint(form, "CRC-64-AVRO"))
    record = plain["name"]
    if "." not in record and plain.get("namespace"):
        record = f"{plain['namespace']}.{record}"
    return WireSchema(record, text, plain, parse_schema(plain), printed)


def records() -> list[str]:
    """The full names of every message there is, of every version."""
    return list(_index().newest)


def path_of(record: str) -> Path:
    """The file with the newest schema of a record."""
    found = _index().newest.get(record)
    if found is None:
        raise WireError(
            "schema_unknown", f"there is no message {record!r} in this version of billstream"
        )
    return FOLDER / found


@cache
def of_record(record: str) -> WireSchema:
    """The newest schema of a record, by its full name."""
    return prepare(path_of(record).read_text(encoding="utf-8"))


def of_fingerprint(printed: bytes) -> WireSchema:
    """The schema a message was written with, by the fingerprint in it."""
    found = _by_fingerprint(printed) if printed.hex() in _index().prints else None
    if found is None:
        raise WireError(
            "schema_unknown",
            f"no schema has the fingerprint {printed.hex()}: the message was written by a newer "
            "billstream or by something else",
        )
    return found


def has_record(record: str) -> bool:
    return record in _index().newest


@cache
def _by_fingerprint(printed: bytes) -> WireSchema:
    return prepare((FOLDER / _index().prints[printed.hex()]).read_text(encoding="utf-8"))


@cache
def _index() -> _Index:
    found = json.loads(INDEX.read_text(encoding="utf-8"))
    return _Index(found["records"], found["fingerprints"])
