"""Questions about streams and the whole log, inside a read transaction of either database."""

from collections.abc import Sequence

from aggregates.identity import StreamId
from commands.store import Recorded, Stored
from infra.store import checks
from infra.store.database import Database
from infra.store.rows import EVENT_COLUMNS, batches, recorded


def stream(database: Database, stream: StreamId, up_to: int | None) -> list[Recorded]:
    """The events of a stream in order, up to a position."""
    query = f"SELECT {EVENT_COLUMNS} FROM events WHERE stream = ?"
    params: list[object] = [stream]
    if up_to is not None:
        query += " AND position <= ?"
        params.append(up_to)
    rows = database.execute(f"{query} ORDER BY version", params).fetchall()
    return [recorded(row) for row in rows]


def streams(database: Database, streams: Sequence[StreamId]) -> dict[StreamId, list[Recorded]]:
    """The events of streams, in order."""
    found: dict[StreamId, list[Recorded]] = {stream: [] for stream in streams}
    for some in batches(streams, checks.MANY):
        among, params = database.among(some)
        query = f"SELECT {EVENT_COLUMNS} FROM events WHERE stream {among} ORDER BY stream, version"
        for row in database.execute(query, params):
            found[row[1]].append(recorded(row))
    return found


def log(database: Database, after: int, limit: int) -> list[Recorded]:
    """The next events of the whole history in commit order."""
    query = f"SELECT {EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"
    return [recorded(row) for row in database.execute(query, (after, limit)).fetchall()]


def stored(database: Database, after: int, limit: int) -> list[Stored]:
    """The same, as they are stored."""
    query = (
        "SELECT position, stream, version, topic, schema_version, payload FROM events "
        "WHERE position > ? ORDER BY position LIMIT ?"
    )
    return [Stored(*row) for row in database.execute(query, (after, limit)).fetchall()]


def exists(database: Database, stream: StreamId) -> bool:
    """Something happened in the stream."""
    query = "SELECT 1 FROM events WHERE stream = ? LIMIT 1"
    return database.execute(query, (stream,)).fetchone() is not None


_MOVED = "topic = 'account.invoicer_changed' AND position > ?"


def accounts_moved_after(database: Database, position: int) -> list[StreamId]:
    """Accounts whose invoicer changed after a position."""
    query = f"SELECT DISTINCT stream FROM events WHERE {_MOVED} ORDER BY stream"
    return [bytes(stream) for (stream,) in database.execute(query, (position,)).fetchall()]


def moved_among(database: Database, accounts: Sequence[StreamId], position: int) -> set[StreamId]:
    """Those of the accounts whose invoicer changed after a position. However many moved, it costs
    no more than to look at these.
    """
    query = f"SELECT stream FROM events WHERE {_MOVED} LIMIT {len(accounts) + 1}"
    moved = {bytes(stream) for (stream,) in database.execute(query, (position,)).fetchall()}
    if len(moved) <= len(accounts):
        return moved.intersection(accounts)
    found: set[StreamId] = set()
    for some in batches(accounts, checks.MANY):
        among, params = database.among(some)
        # Not by the index of moves: by the streams.
        query = f"""
            SELECT DISTINCT stream FROM events WHERE stream {among} AND position > ?
                AND topic || '' = 'account.invoicer_changed'
        """
        found.update(bytes(s) for (s,) in database.execute(query, (*params, position)).fetchall())
    return found


def keys_of(database: Database, accounts: Sequence[StreamId]) -> dict[StreamId, bytes]:
    """Keys of personal data; an erased account has none."""
    found: dict[StreamId, bytes] = {}
    for some in batches(accounts, checks.MANY):
        among, params = database.among(some)
        query = f"SELECT account, key FROM personal_keys WHERE account {among}"
        found.update(database.execute(query, params).fetchall())
    return found
