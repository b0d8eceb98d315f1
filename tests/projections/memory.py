"""Row operations applied to plain dictionaries: what a view comes to, without a database."""

from collections.abc import Iterable
from typing import Any

from projections.view import Occurrence, Operation, Row, View

Rows = dict[str, dict[Row, dict[str, Any]]]


class Plain:
    """Names are not encrypted here."""

    def reveal(self, account: bytes, ciphertext: str) -> str:
        return ciphertext


def occurrence(stream: bytes, position: int = 1) -> Occurrence:
    return Occurrence(position, stream, "2020-11-01T12:00:00+00:00", Plain())


def empty(view: View) -> Rows:
    return {table.name: {} for table in view.tables}


def apply(rows: Rows, operations: Iterable[Operation]) -> None:
    for statement, parameters in operations:
        table = rows[statement.table.name]
        size = len(statement.key)
        key, values = parameters[:size], parameters[size:]
        found = dict(zip(statement.values, values, strict=True))
        if statement.verb == "put":
            table[key] = {
                **table.get(key, {}),
                **dict(zip(statement.key, key, strict=True)),
                **found,
            }
            continue
        for own, row in list(table.items()):
            if all(row[name] == part for name, part in zip(statement.key, key, strict=True)):
                if statement.verb == "remove":
                    del table[own]
                else:
                    row.update(found)


def seen(view: View, events: Iterable[tuple[str, bytes, Any]]) -> Rows:
    """The rows after events, each with its type and stream."""
    rows = empty(view)
    for position, (topic, stream, event) in enumerate(events, 1):
        if topic in view.handlers:
            apply(rows, view.handlers[topic](occurrence(stream, position), event))
    return rows
