"""What breaks a reader is noticed, and what does not is let through."""

from typing import Any

import pytest

from schemas.compatibility import obstacles


def record(*fields: dict[str, Any], name: str = "v1") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "x", "fields": list(fields)}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


A = field("a", "string")
INNER = record(field("n", "long"), name="Inner")

SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (record(A), record(A)),
    (record(A), record(A, field("b", "long", default=0))),
    (record(A, field("b", "long", default=0)), record(A)),
    (record(A, doc_b := field("b", "long")), record(doc_b, A)),
    (record(field("a", ["null", "string"])), record(A)),
    (record(field("a", {"type": "string"})), record(A)),
    (record(field("a", INNER), field("b", "Inner")), record(field("a", INNER), field("b", INNER))),
    (
        record(field("a", INNER), field("b", "x.Inner")),
        record(field("a", INNER), field("b", INNER)),
    ),
]

BROKEN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (record(A, field("b", "long")), record(A), "b: it is not written and has no default"),
    (record(field("a", "long")), record(A), "a: string where long is expected"),
    (record(field("a", "long")), record(field("a", "int")), "a: int where long is expected"),
    (record(A), record(field("a", ["null", "string"])), "a: null where string is expected"),
    (record(A), record(A, name="v2"), "it: record v2 where record v1 is expected"),
    (
        record(field("a", ["null", "long"])),
        record(field("a", ["null", "string"])),
        "a: string is none of what is expected",
    ),
    (
        record(field("a", {"type": "array", "items": "long"})),
        record(field("a", {"type": "array", "items": "string"})),
        "a[]: string where long is expected",
    ),
    (
        record(field("a", {"type": "map", "values": INNER})),
        record(field("a", {"type": "map", "values": record(name="Inner")})),
        "a[].n: it is not written and has no default",
    ),
    (
        record(field("a", "long", default=1)),
        record(field("a", "long", default=0)),
        "a: its default was 0",
    ),
]


@pytest.mark.parametrize(("reader", "writer"), SAME)
def test_compatible(reader: dict[str, Any], writer: dict[str, Any]) -> None:
    assert obstacles(reader, writer) == []


@pytest.mark.parametrize(("reader", "writer", "reason"), BROKEN)
def test_incompatible(reader: dict[str, Any], writer: dict[str, Any], reason: str) -> None:
    assert obstacles(reader, writer) == [reason]
