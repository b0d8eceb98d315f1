"""From events to row operations: a stretch of history, decoded once, given to every view."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from infra.views.database import ViewsDatabase
from infra.views.registry import Dispatch, Listener
from projections.view import Occurrence, Operation, Row, Statement, Table
from schemas import unreadable

RevealMany = Callable[[Sequence[tuple[bytes, str]]], Sequence[str]]
"""Plain text for (account, ciphertext) pairs."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Run(NamedTuple):
    """Rows of one statement that follow each other in their table."""

    view: str
    statement: Statement
    rows: list[Row]


class Changes:
    """Row operations of a batch, grouped for bulk execution; the order within a table is kept.
    `forgets`: somebody's personal data was erased in it.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.forgets = False
        self._latest: dict[Table, Run] = {}

    def add(self, view: str, operations: Iterable[Operation]) -> None:
        latest = self._latest
        for statement, row in operations:
            run = latest.get(statement.table)
            if run is None or run.statement is not statement:
                run = latest[statement.table] = Run(view, statement, [])
                self.runs.append(run)
            run.rows.append(row)


class Names:
    """Names in plain while a batch lasts; keys are fetched for all its accounts at once."""

    def __init__(self) -> None:
        self._plain: dict[tuple[bytes, str], str] = {}

    def learn(self, pairs: Sequence[tuple[bytes, str]], reveal_many: RevealMany) -> None:
        if pairs:
            self._plain = dict(zip(pairs, reveal_many(pairs), strict=True))

    def reveal(self, account: bytes, ciphertext: str) -> str:
        return self._plain[account, ciphertext]


def read(
    database: ViewsDatabase,
    dispatch: Dispatch,
    reveal_many: RevealMany,
    after: int,
    up_to: int,
    concerns: "Concerns | None" = None,
) -> Changes:
    """What the events after a position, up to another, do to the views of the dispatch."""
    topics = ", ".join(f"'{topic}'" for topic in dispatch.topics)
    found = database.execute(
        "SELECT position, stream, topic, schema_version, at, payload FROM events"
        f" WHERE position > ? AND position <= ? AND topic IN ({topics}) ORDER BY position",
        (after, up_to),
    )
    return changes_of(found, dispatch, reveal_many, concerns)


Concerns = Callable[[str, int, bytes, str], bool]
"""Whether a view is to be told of the event at a position of a stream, of a type."""


def changes_of(
    rows: Iterable[Row],
    dispatch: Dispatch,
    reveal_many: RevealMany,
    concerns: Concerns | None = None,
) -> Changes:
    """What events do to the views of the dispatch: position, stream, type, version of the type,
    time in microseconds and payload as stored. Types nobody listens to must not be among them.
    """
    names, changes = Names(), Changes()
    events = _decoded(rows, dispatch, names, reveal_many, changes)
    _handle(events, names, changes, concerns)
    return changes


Decoded = tuple[int, bytes, str, int, Any, tuple[tuple[str, Any], ...]]


def _decoded(
    rows: Iterable[Row],
    dispatch: Dispatch,
    names: Names,
    reveal_many: RevealMany,
    changes: Changes,
) -> list[Decoded]:
    """Events with their handlers, and the names in them in plain."""
    events: list[Decoded] = []
    pairs: list[tuple[bytes, str]] = []
    listeners: dict[tuple[str, int], Listener] = {}
    for position, stream, topic, schema_version, at, payload in rows:
        listener = listeners.get((topic, schema_version))
        if listener is None:
            listener = dispatch.listener(topic, schema_version)
            listeners[topic, schema_version] = listener
        try:
            event = listener.decode(payload)
        except unreadable.DAMAGED as fault:
            raise unreadable.of_event(position, topic, stream, fault) from fault
        if listener.named:
            pairs.append((stream, event.name))
        elif listener.forgets:
            changes.forgets = True
        events.append((position, stream, topic, at, event, listener.handlers))
    names.learn(pairs, reveal_many)
    return events


def _handle(
    events: Iterable[Decoded], names: Names, changes: Changes, concerns: Concerns | None
) -> None:
    add = changes.add
    latest, written = -1, ""
    for position, stream, topic, at, event, handlers in events:
        if at != latest:
            latest, written = at, _iso(at)
        occurrence = Occurrence(position, stream, written, names)
        for view, handler in handlers:
            if concerns is not None and not concerns(view, position, stream, topic):
                continue
            add(view, handler(occurrence, event))


def _iso(at: int) -> str:
    return (_BEGINNING + timedelta(microseconds=at)).isoformat()
