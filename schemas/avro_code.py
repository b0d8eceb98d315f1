"""Avro bodies written and read by functions made from their schemas: for what comes in millions.

fastavro does the same for any schema, and looks at it anew for each field of each message. Here a
schema is looked at once: its fields, in their order, become the lines of a function. What such a
function does not know (maps, unions of several records) or does not understand is fastavro's.

What is written and read is the stored form: fields at their default are left out.
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import takewhile
from typing import Any, ClassVar, NamedTuple

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
        writer.flush("    ")
        reader.value(schema, "d", "    ")
    except (Unknown, RecursionError):
        return None
    made: dict[str, Any] = {"number": number, "long": varint, "small": SMALL, "Unknown": Unknown}
    write = ["def write(d):", "    parts = []", *writer.lines]
    read = ["def read(b, p):", *reader.lines, "    if p != len(b): raise Unknown", "    return d"]
    exec("\n".join([*write, "    return b''.join(parts)", *read]), made)
    return Compiled(made["write"], made["read"])


_RUN = 3
"""So many fields that may be at their default are looked at together."""

_DEEP = 100
"""Blanks before a line, beyond which no block is begun."""


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
            self.plain(str(kind["type"] if is_dict(kind) else kind), variable, indent)

    def plain(self, kind: str, variable: str, indent: str) -> None:
        raise NotImplementedError

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
    """The parts of a body are gathered, and added to those before them as many at a time as come
    without a choice or a loop between them.
    """

    expressions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "string": (f"small[n] if (n := len(VALUE)) < {MANY} else long(n)", "VALUE"),
        "long": (f"small[VALUE] if 0 <= VALUE < {MANY} else long(VALUE)",),
        "boolean": ("b'\\1' if VALUE else b'\\0'",),
    }

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self._gathered: list[str] = []

    def flush(self, indent: str) -> None:
        """Adds what was gathered."""
        if self._gathered:
            self.add(indent, f"parts += ({', '.join(self._gathered)},)")
            self._gathered.clear()

    def plain(self, kind: str, variable: str, indent: str) -> None:
        if kind == "string":
            self.add(indent, f"{variable} = {variable}.encode()")
        self._gathered += self._expressions(kind, variable)

    def optional(self, kind: Any, variable: str, indent: str) -> None:
        if isinstance(kind, str) and kind in self.expressions:
            if kind == "string":
                self.add(indent, f"if {variable} is not None: {variable} = {variable}.encode()")
            there = " + ".join(("b'\\2'", *self._expressions(kind, variable)))
            self._gathered.append(f"b'\\0' if {variable} is None else {there}")
            return
        self.flush(indent)
        self.add(indent, f"if {variable} is None: parts.append(b'\\0')", "else:")
        self._gathered.append("b'\\2'")
        self.value(kind, variable, indent + "    ")
        self.flush(indent + "    ")

    def record(self, fields: Any, variable: str, indent: str) -> None:
        for field in fields:
            name, inside = repr(field["name"]), self.fresh()
            found = f"{variable}[{name}]"
            if "default" in field:
                found = f"{variable}.get({name}, {field['default']!r})"
            self.add(indent, f"{inside} = {found}")
            self.value(field["type"], inside, indent)

    def array(self, items: Any, variable: str, indent: str) -> None:
        self.flush(indent)
        inside = self.fresh()
        self.add(indent, f"if {variable}:", f"    parts.append(long(len({variable})))")
        self.add(indent, f"    for {inside} in {variable}:")
        self.value(items, inside, indent + " " * 8)
        self.flush(indent + " " * 8)
        self._gathered.append("b'\\0'")

    def _expressions(self, kind: str, variable: str) -> list[str]:
        if kind not in self.expressions:
            raise Unknown
        return [f"({one.replace('VALUE', variable)})" for one in self.expressions[kind]]


class _Reader(_Maker):
    statements: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "string": (
            "n = b[p]",
            "if n & 129:",
            "    n, p = number(b, p)",
            "    if n < 0: raise Unknown",
            "else: n >>= 1; p += 1",
            "e = p + n; VALUE = b[p:e].decode(); p = e",
        ),
        "long": (
            "n = b[p]",
            "if n & 128: VALUE, p = number(b, p)",
            "else: VALUE = n >> 1 ^ -(n & 1); p += 1",
        ),
        "boolean": ("if b[p] > 1: raise Unknown", "VALUE = b[p] == 1; p += 1"),
    }

    def plain(self, kind: str, variable: str, indent: str) -> None:
        if kind not in self.statements:
            raise Unknown
        self.add(indent, *(one.replace("VALUE", variable) for one in self.statements[kind]))

    def optional(self, kind: Any, variable: str, indent: str) -> None:
        self.add(indent, "n = b[p]; p += 1", f"if n == 0: {variable} = None", "elif n == 2:")
        self.value(kind, variable, indent + "    ")
        self.add(indent, "else: raise Unknown")

    def record(self, fields: Any, variable: str, indent: str) -> None:
        """Fields that follow each other and are all at their default are passed over at once."""
        self.add(indent, f"{variable} = {{}}")
        outside = indent
        for place, field in enumerate(fields):
            run = list(takewhile(bool, map(self._default, fields[place:])))
            if not run:
                indent = outside
            elif len(run) >= _RUN and len(indent) < _DEEP:
                written = b"".join(run)
                self.add(indent, f"if b.startswith({written!r}, p): p += {len(written)}", "else:")
                indent += "    "
            self._field(field, variable, indent)

    def _default(self, field: Any) -> bytes:
        """How a field at its default is written; nothing where that is not known."""
        kind, default = field["type"], field.get("default", Unknown)
        match self._names.get(kind, kind) if isinstance(kind, str) else kind, default:
            case ["null", *_], None:
                return b"\0"
            case {"type": "array"}, []:
                return b"\0"
            case "string", str(text):
                return varint(len(text.encode())) + text.encode()
            case "boolean", bool(yes):
                return b"\1" if yes else b"\0"
            case "long", int(amount):
                return varint(amount)
            case _:
                return b""

    def _field(self, field: Any, variable: str, indent: str) -> None:
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
