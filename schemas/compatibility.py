"""Whether what one Avro schema writes another can read, and if not, why (decision 13).

Stricter than Avro: a record keeps its name, a field is never renamed, a type never becomes
another. Within a version a schema may only gain or lose fields that have a default.
"""

from collections.abc import Iterator
from typing import Any, TypeGuard

Names = dict[str, dict[str, Any]]


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_dict(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def obstacles(reader: dict[str, Any], writer: dict[str, Any]) -> list[str]:
    """Why the reader cannot read what the writer wrote; empty when it can."""
    seen: set[tuple[str, str]] = set()
    return list(_differ(reader, writer, (names_in(reader), names_in(writer)), "", seen))


def names_in(schema: Any) -> Names:
    """Every record of a schema by the name under which it may be mentioned again."""
    found: Names = {}
    _gather(schema, "", found)
    return found


def _gather(kind: Any, namespace: str, found: Names) -> None:
    if is_list(kind):
        for branch in kind:
            _gather(branch, namespace, found)
    elif is_dict(kind):
        plain = kind
        if plain["type"] == "record":
            namespace = plain.get("namespace", namespace)
            name = full_name(plain, namespace)
            found[name] = found[plain["name"]] = plain
            for field in plain["fields"]:
                _gather(field["type"], namespace, found)
        else:
            _gather(plain.get("items", plain.get("values")), namespace, found)


def full_name(record: dict[str, Any], namespace: str = "") -> str:
    name: str = record["name"]
    space = record.get("namespace", namespace)
    return name if "." in name or not space else f"{space}.{name}"


def _differ(
    reader: Any, writer: Any, names: tuple[Names, Names], path: str, seen: set[tuple[str, str]]
) -> Iterator[str]:
    reader, writer = _resolved(reader, names[0]), _resolved(writer, names[1])
    if is_list(writer):
        for branch in writer:
            yield from _differ(reader, branch, names, path, seen)
        return
    if is_list(reader):
        branches = [_resolved(branch, names[0]) for branch in reader]
        fitting = [branch for branch in branches if _word(branch) == _word(writer)]
        if fitting:
            yield from _differ(fitting[0], writer, names, path, seen)
        else:
            yield f"{path or 'it'}: {_word(writer)} is none of what is expected"
        return
    if _word(reader) != _word(writer):
        yield f"{path or 'it'}: {_word(writer)} where {_word(reader)} is expected"
        return
    if is_dict(reader):
        yield from _inside(reader, writer, names, path, seen)


def _inside(
    reader: dict[str, Any],
    writer: Any,
    names: tuple[Names, Names],
    path: str,
    seen: set[tuple[str, str]],
) -> Iterator[str]:
    if reader["type"] != "record":
        part = "items" if reader["type"] == "array" else "values"
        yield from _differ(reader[part], writer[part], names, f"{path}[]", seen)
        return
    pair = (reader["name"], writer["name"])
    if pair in seen:
        return
    seen.add(pair)
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        where = f"{path}.{field['name']}".lstrip(".")
        theirs = written.get(field["name"])
        if theirs is not None:
            yield from _differ(field["type"], theirs["type"], names, where, seen)
            if "default" in theirs and theirs["default"] != field.get("default", theirs["default"]):
                yield f"{where}: its default was {theirs['default']!r}"
        elif "default" not in field:
            yield f"{where}: it is not written and has no default"


def _resolved(kind: Any, names: Names) -> Any:
    if isinstance(kind, str):
        return names.get(kind, kind)
    if is_dict(kind):
        plain = kind
        if isinstance(plain["type"], str) and plain["type"] not in ("record", "array", "map"):
            return plain["type"]
        return plain
    return kind


def _word(kind: Any) -> str:
    if is_dict(kind):
        plain = kind
        return f"record {plain['name']}" if plain["type"] == "record" else str(plain["type"])
    return str(kind)
