"""Rows as PostgreSQL's binary COPY has them, in one piece a commit.

The driver's `write_row` looks for a dumper for every value; the columns are known here.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, repeat
from struct import Struct

from infra.postgres.arrays import VALUES
from infra.store.database import Row

_COLUMNS = 9
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

_count = Struct(">h").pack
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


def copied_rows(rows: Sequence[Row], types: Sequence[str]) -> bytes:
    """Rows of any table, by the types of its columns: written column by column."""
    columns = [
        VALUES[type](column) for type, column in zip(types, zip(*rows, strict=True), strict=True)
    ]
    values = chain.from_iterable(zip(repeat(_count(len(types))), *columns, strict=False))
    return b"".join((_HEADER, *values, _END))


@cache
def _type(topic: str, schema_version: int) -> bytes:
    written = topic.encode()
    return _length(len(written)) + written + _small(4, schema_version)
