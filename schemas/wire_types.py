"""Names of messages: `ce_type`, which is also the full name of the Avro record, both ways."""

import re
from typing import NamedTuple

from schemas.avro_files import PREFIX, has_record
from schemas.catalogue import BY_NAME
from schemas.stored import NewerHistory
from schemas.wire_error import WireError

_TYPE = re.compile(r"billstream\.([a-z_]+(?:\.[a-z_]+)?)\.v([1-9][0-9]{0,3})")


class Named(NamedTuple):
    """`billstream.invoice.generated.v1` is `invoice.generated`, version 1."""

    name: str
    version: int


def type_of(name: str, version: int) -> str:
    """How a message is called outside."""
    return f"{PREFIX}{name}.v{version}"


def named(ce_type: str) -> Named:
    """Name and version behind a type; `type_unknown` for anything else."""
    found = _TYPE.fullmatch(ce_type)
    if found is None:
        raise WireError(
            "type_unknown",
            f"{ce_type[:100]!r} is not a type of message: write it like "
            "billstream.schedule_bill_run.v1",
            type=ce_type[:200],
        )
    return Named(found[1], int(found[2]))


def event_named(ce_type: str) -> Named:
    """The event behind a type. One that this program is too old for stops it (decision 13)."""
    found = named(ce_type)
    entry = BY_NAME.get(found.name)
    if entry is None and has_record(ce_type):
        raise WireError("type_mismatch", f"{ce_type} is no event")
    if entry is None or found.version > entry.version:
        raise NewerHistory(found.name, found.version)
    return found
