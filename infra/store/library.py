"""The library's view of our tables: its names, its rows, its two questions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from commands.store import LARGEST_EVENT, Staged
from infra.store import state_rows
from infra.store.database import Database, Row
from infra.store.prepared import EncodedEvent, event_kind, too_large
from schemas.kinds import STATELESS, kind_of_type

_COLUMNS = "position, stream, version, topic, schema_version, payload"


def library_topic(name: str, schema_version: int) -> str:
    """A stored type as the library's StoredEvent names it: `invoice.generated.v1`."""
    return f"{name}.v{schema_version}"


def split_topic(topic: str) -> tuple[str, int]:
    """The stored name and version behind it."""
    name, _, version = topic.rpartition(".v")
    return name, int(version)


def stream_of(originator_id: UUID | str) -> bytes:
    """Our stream id behind the library's."""
    return UUID(originator_id).bytes if isinstance(originator_id, str) else originator_id.bytes


def select_events(
    database: Database,
    originator_id: UUID | str,
    gt: int | None,
    lte: int | None,
    desc: bool,
    limit: int | None,
) -> list[StoredEvent]:
    """The events of a stream, as the library's StoredEvent."""
    query = f"SELECT {_COLUMNS} FROM events WHERE stream = ?"
    params: list[Any] = [stream_of(originator_id)]
    for condition, value in (("version > ?", gt), ("version <= ?", lte)):
        if value is not None:
            query += f" AND {condition}"
            params.append(value)
    query += " ORDER BY version DESC" if desc else " ORDER BY version"
    if limit is not None:
        query += " LIMIT ?"
        params.append(limit)
    return [_stored_event(row) for row in database.execute(query, params)]


def select_notifications(
    database: Database,
    start: int | None,
    limit: int,
    stop: int | None,
    topics: Sequence[str],
    inclusive_of_start: bool,
) -> list[Notification]:
    """The history in commit order, as the library's Notification."""
    query = f"SELECT {_COLUMNS} FROM events WHERE position >= ?"
    params: list[Any] = [(start or 0) + (0 if inclusive_of_start or start is None else 1)]
    if stop is not None:
        query += " AND position <= ?"
        params.append(stop)
    if topics:
        among, listed = database.among(list(topics))
        query += f" AND topic || '.v' || schema_version {among}"
        params.extend(listed)
    query += " ORDER BY position LIMIT ?"
    return [_notification(row) for row in database.execute(query, [*params, limit])]


def max_notification_id(database: Database) -> int | None:
    """The position of the newest event; None before the first."""
    found: int | None = database.execute("SELECT max(position) FROM events").fetchone()[0]
    return found


def _stored_event(row: Row) -> StoredEvent:
    """A row of _COLUMNS."""
    _, stream, version, topic, schema, payload = row
    return StoredEvent(UUID(bytes=stream), version, library_topic(topic, schema), payload)


def _notification(row: Row) -> Notification:
    """A row of _COLUMNS as part of the log."""
    position, stream, version, topic, schema, payload = row
    name = library_topic(topic, schema)
    return Notification(UUID(bytes=stream), version, name, payload, id=position)


def encoded(stored: StoredEvent) -> EncodedEvent:
    """The library's event as our tables hold it."""
    name, version = split_topic(stored.topic)
    if len(stored.state) > LARGEST_EVENT:
        raise too_large(name, len(stored.state))
    return EncodedEvent(
        stream_of(stored.originator_id),
        stored.originator_version,
        event_kind(name, version),
        stored.state,
    )


def refuse_missing_states(events: Sequence[EncodedEvent], changes: Sequence[Staged]) -> None:
    """A stream whose kind keeps a state row is written with its state or not at all."""
    carried = {staged.stream for staged in changes}
    for event in events:
        kind = kind_of_type(event.kind.topic)
        if kind not in STATELESS and event.stream not in carried:
            raise state_rows.MissingState(f"{kind} {event.stream.hex()} without its state")
