"""Avro bodies written and read by functions made from their schemas: for what comes in millions.

fastavro does the same for any schema, and looks at it anew for each field of each message. Here a
schema is looked at once: its fields, in their order, become the lines of a function. What such a
function does not know (maps, unions of several records) or does not understand is fastavro's.

What is written and read is the stored form: fields at their default are left out.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from schemas.compatibility import Names, is_dict, is_list, names_in
from schemas.varint import MANY, SMALL, number, varint

Write = Callable[[Mapping[str, Any]], bytes]
Read = Callable[[bytes, int], dict[str, Any]]


class Unknown(Exception):
    """This schema, or this message, is left to fastavro."""


FAILURES = (Unknown, LookupError, TypeError, AttributeError, ValueError)


class Compiled(NamedTuple):
    """Both raise one of FAILURES for what they do not understand. `read` begins at an offset."""

    write: Write
    read: Read


@cache
def compiled(text: str) -> Compiled | None:
    """The functions of a schema, by its text; None when there can be none."""
    schema: dict[str, Any] = msgspec.json.decode(text)
    names = names_in(schema)
    try:
        writer, reader = _Writer(names), _Reader(names)
        writer.value(schema, "d", "    ")
        reader.value(schema, "d", "    ")
    except (Unknown, RecursionError):
        return None
    made: dict[str, Any] = {"number": number, "long": varint, "small": SMALL, "Unknown": Unknown}
    write = ["def write(d):", "    parts = []", "    add = parts.append", *writer.lines]
    read = ["def read(b, p):", *reader.lines, "    if p != len(b): raise Unknown", "    return d"]
    exec("\n".join([*write, "    return b''.join(parts)", *read]), made)
    return Compiled(made["write"], made["read"])


class _Maker:
    """Lines of a function; every value it handles has a variable of its own."""

    def __init__(self, names: Names) -> None:
        self.lines: list[str] = []
        self._names = names
        self._count = 0

    def value(self, kind: Any, variable: str, indent: str) -> None:
        """The lines for a value of a type."""
        kind = self._names.get(kind, kind) if isinstance(kind, str) else kind
        if is_list(kind):
            if len(kind) != 2 or kind[0] != "null":
                raise Unknown
            self.optional(kind[1], variable, indent)
        elif is_dict(kind) and kind["type"] == "record":
            self.record(kind["fields"], variable, indent)
        elif is_dict(kind) and kind["type"] == "array":
            self.array(kind["items"], variable, indent)
        else:
            lines = self.plain.get(str(kind["type"] if is_dict(kind) else kind))
            if lines is None:
                raise Unknown
            self.add(indent, *(line.replace("VALUE", variable) for line in lines))

    plain: Mapping[str, tuple[str, ...]] = {}

    def optional(self, kind: Any, variable: str, indent: str) -> None:
        raise NotImplementedError

    def record(self, fields: Any, variable: str, indent: str) -> None:
        raise NotImplementedError

    def array(self, items: Any, variable: str, indent: str) -> None:
        raise NotImplementedError

    def fresh(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def add(self, indent: str, *lines: str) -> None:
        self.lines += [indent + line for line in lines]


class _Writer(_Maker):
    plain = {
        "string": (
            "VALUE = VALUE.encode()",
            f"add(small[len(VALUE)] if len(VALUE) < {MANY} else long(len(VALUE)))",
            "add(VALUE)",
        ),
        "long": (f"add(small[VALUE] if 0 <= VALUE < {MANY} else long(VALUE))",),
        "boolean": ("add(b'\\1' if VALUE else b'\\0')",),
    }

    def optional(self, kind: Any, variable: str, indent: str) -> None:
        self.add(indent, f"if {variable} is None: add(b'\\0')", "else:", "    add(b'\\2')")
        self.value(kind, variable, indent + "    ")

    def record(self, fields: Any, variable: str, indent: str) -> None:
        for field in fields:
            name, inside = repr(field["name"]), self.fresh()
            found = f"{variable}[{name}]"
            if "default" in field:
                found = f"{variable}.get({name}, {field['default']!r})"
            self.add(indent, f"{inside} = {found}")
            self.value(field["type"], inside, indent)

    def array(self, items: Any, variable: str, indent: str) -> None:
        inside = self.fresh()
        self.add(indent, f"if {variable}:", f"    add(long(len({variable})))")
        self.add(indent, f"    for {inside} in {variable}:")
        self.value(items, inside, indent + " " * 8)
        self.add(indent, "add(b'\\0')")


class _Reader(_Maker):
    plain = {
        "string": (
            "n = b[p]",
            "if n & 129: n, p = number(b, p)",
            "else: n >>= 1; p += 1",
            "if n < 0: raise Unknown",
            "VALUE = b[p:p + n].decode(); p += n",
        ),
        "long": (
            "n = b[p]",
            "if n & 128: VALUE, p = number(b, p)",
            "else: VALUE = n >> 1 ^ -(n & 1); p += 1",
        ),
        "boolean": ("if b[p] > 1: raise Unknown", "VALUE = b[p] == 1; p += 1"),
    }

    def optional(self, kind: Any, variable: str, indent: str) -> None:
        self.add(indent, "n = b[p]; p += 1", f"if n == 0: {variable} = None", "elif n == 2:")
        self.value(kind, variable, indent + "    ")
        self.add(indent, "else: raise Unknown")

    def record(self, fields: Any, variable: str, indent: str) -> None:
        self.add(indent, f"{variable} = {{}}")
        for field in fields:
            inside = self.fresh()
            self.value(field["type"], inside, indent)
            kept = f"{variable}[{field['name']!r}] = {inside}"
            if "default" in field:
                kept = f"if {inside} != {field['default']!r}: {kept}"
            self.add(indent, kept)

    def array(self, items: Any, variable: str, indent: str) -> None:
        inside, left = self.fresh(), self.fresh()
        self.add(indent, f"{variable} = []", f"{left}, p = number(b, p)", f"while {left}:")
        self.add(indent, f"    if {left} < 0: raise Unknown", f"    for _ in range({left}):")
        self.value(items, inside, indent + " " * 8)
        self.add(indent, f"        {variable}.append({inside})", f"    {left}, p = number(b, p)")
