"""Columns of rows as PostgreSQL's binary protocol has them: an array is one parameter, and the same
values, row by row, are what COPY reads.

The driver writes an array of text with a regular expression an item; this is many times faster.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from struct import Struct
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from infra.store.database import Row

_header = Struct(">iiIii").pack
_empty = Struct(">iiI").pack
_length = Struct(">i").pack
_integer = Struct(">iq").pack
_NULL = _length(-1)
_TRUE, _FALSE = _length(1) + b"\x01", _length(1) + b"\x00"


class TextArray(list[str | None]):
    """`text[]`"""


class BytesArray(list[bytes | None]):
    """`bytea[]`"""


class IntegerArray(list[int | None]):
    """`bigint[]`"""


class BooleanArray(list[bool | None]):
    """`boolean[]`"""


_KINDS: dict[str, Callable[[Iterable[Any]], Any]] = {
    "text": TextArray,
    "bytea": BytesArray,
    "bigint": IntegerArray,
    "boolean": BooleanArray,
}


def columns(rows: Sequence[Row], types: Sequence[str]) -> list[Any]:
    """Rows turned into an array a column; types are those of the casts in the statement."""
    return [_KINDS.get(type, list)(map(itemgetter(n), rows)) for n, type in enumerate(types)]


def one(items: list[Any]) -> Any:
    """An array of ids or of texts."""
    return BytesArray(items) if items and isinstance(items[0], bytes) else TextArray(items)


def _texts(items: Iterable[str | None]) -> list[bytes]:
    values: list[bytes] = []
    for item in items:
        if item is None:
            values.append(_NULL)
        else:
            written = item.encode()
            values.append(_length(len(written)) + written)
    return values


def _bytes(items: Iterable[bytes | None]) -> list[bytes]:
    return [_NULL if item is None else _length(len(item)) + item for item in items]


def _integers(items: Iterable[int | None]) -> list[bytes]:
    return [_NULL if item is None else _integer(8, item) for item in items]


def _booleans(items: Iterable[bool | None]) -> list[bytes]:
    return [_NULL if item is None else _TRUE if item else _FALSE for item in items]


VALUES: dict[str, Callable[[Iterable[Any]], list[bytes]]] = {
    "text": _texts,
    "bytea": _bytes,
    "bigint": _integers,
    "boolean": _booleans,
}
"""The values of a column, each with its length before it."""


class _ArrayDumper(Dumper):
    format = Format.BINARY
    element = 0
    kind = ""

    def dump(self, obj: Any) -> bytes:
        if not obj:
            return _empty(0, 0, self.element)
        has_null = any(item is None for item in obj)
        header = _header(1, has_null, self.element, len(obj), 1)
        return b"".join((header, *VALUES[self.kind](obj)))


class _Text(_ArrayDumper):
    oid, element, kind = 1009, 25, "text"


class _Bytes(_ArrayDumper):
    oid, element, kind = 1001, 17, "bytea"


class _Integers(_ArrayDumper):
    oid, element, kind = 1016, 20, "bigint"


class _Booleans(_ArrayDumper):
    oid, element, kind = 1000, 16, "boolean"


def register(connection: "Connection[Any]") -> None:
    """Teaches a connection our arrays."""
    for cls, dumper in (
        (TextArray, _Text),
        (BytesArray, _Bytes),
        (IntegerArray, _Integers),
        (BooleanArray, _Booleans),
    ):
        connection.adapters.register_dumper(cls, dumper)
