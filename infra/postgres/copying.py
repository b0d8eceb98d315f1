"""Rows of `events` as PostgreSQL's binary COPY has them, in one piece a commit.

The driver's `write_row` looks for a dumper for every value; the columns are known here.
"""

from collections.abc import Iterable
from functools import cache
from struct import Struct

from infra.store.database import Row

_COLUMNS = 9
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

_identity = Struct(">hIqI16sIq").pack
_length = Struct(">I").pack
_small = Struct(">Ii").pack
_number = Struct(">Iq").pack


def copied(rows: Iterable[Row]) -> bytes:
    """Rows of EVENT_COLUMNS, each value with its length before it."""
    parts = [_HEADER]
    add = parts.extend
    after = (b"", -1)
    tail = b""
    for position, stream, version, topic, schema_version, payload, metadata, at, hash in rows:
        if after != (metadata, at):
            after = (metadata, at)
            tail = _length(len(metadata)) + metadata + _number(8, at) + _length(32)
        begin = _identity(_COLUMNS, 8, position, 16, stream, 8, version)
        add((begin, _type(topic, schema_version), _length(len(payload)), payload, tail, hash))
    parts.append(_END)
    return b"".join(parts)


@cache
def _type(topic: str, schema_version: int) -> bytes:
    written = topic.encode()
    return _length(len(written)) + written + _small(4, schema_version)
