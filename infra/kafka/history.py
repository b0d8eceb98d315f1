"""History as the relay reads it: straight from the rows, payloads as they are."""

import msgspec

from aggregates import identity
from aggregates.owner import OwnerState
from consumers.publishing import Stored
from consumers.relay import Identity, Page
from infra.store.database import Database, Row
from infra.store.linking import read_head
from infra.store.meta import moment
from infra.store.owned import OwnedStore
from infra.store.rows import EVENT_COLUMNS

_metadata = msgspec.json.Decoder(dict[str, str])

_EVENTS = f"SELECT {EVENT_COLUMNS} FROM events WHERE position >= ? ORDER BY position LIMIT ?"

_COMMITS = "SELECT last, root FROM commits WHERE first <= ? ORDER BY first DESC LIMIT 2"


class StoredHistory:
    """Implements `consumers.relay.History` over either database."""

    def __init__(self, store: OwnedStore) -> None:
        self._store = store

    def identity(self) -> Identity:
        return identity_of(self._store)

    def read(self, after: int, most_events: int, most_bytes: int) -> Page:
        with self._store.proving() as database:
            head = read_head(database)
            rows = _some(database, after, most_events, most_bytes)
            last = rows[-1][0] if rows else after
            commit, root = _whole_commit(database, last)
        anchor = rows.pop(0)[8].hex() if rows and rows[0][0] == after else ""
        return Page(_stored(rows), anchor, head.position, self._store.now(), commit, root)


def identity_of(store: OwnedStore) -> Identity:
    """Which history this is, and in which generation of topics it is published."""
    with store.snapshot() as reading:
        found = reading.get("owner", identity.owner())
    state: OwnerState | None = found.state if found else None
    if state is None:
        return Identity(store.epoch, store.epoch, 1)
    return Identity(store.epoch, state.epoch or store.epoch, state.generation)


def _some(database: Database, after: int, most_events: int, most_bytes: int) -> list[Row]:
    """The event at the position and those after it, as far as their bytes allow."""
    rows: list[Row] = []
    size = 0
    for row in database.execute(_EVENTS, (after, most_events + 1)):
        rows.append(row)
        size += len(row[5])
        if size >= most_bytes and row[0] > after:
            break
    return rows


def _whole_commit(database: Database, position: int) -> tuple[int, str]:
    """The newest commit that ends at the position or before it."""
    for last, root in database.execute(_COMMITS, (position,)).fetchall():
        if last <= position:
            return last, bytes(root).hex()
    return 0, ""


def _stored(rows: list[Row]) -> list[Stored]:
    """The rows of a commit share their time and metadata, decoded once."""
    found: list[Stored] = []
    raw: bytes | None = None
    micros, at, facts = -1, moment(0), dict[str, str]()
    for position, stream, version, name, schema_version, payload, metadata, when, hash in rows:
        if metadata != raw:
            raw, facts = metadata, _metadata.decode(metadata)
        if when != micros:
            micros, at = when, moment(when)
        found.append(
            Stored(position, stream, version, name, schema_version, payload, facts, at, hash)
        )
    return found
