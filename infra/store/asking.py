"""Questions about streams and the whole log, inside a read transaction of either database."""

from collections.abc import Iterable, Mapping, Sequence

from aggregates.counting import Fact, fact_of
from aggregates.identity import StreamId
from commands.store import Recorded, Stored
from infra.store import checks
from infra.store.database import Database
from infra.store.rows import EVENT_COLUMNS, batches, recorded
from schemas.stored import decode


def stream(database: Database, stream: StreamId, up_to: int | None) -> list[Recorded]:
    """The events of a stream in order, up to a position."""
    query = f"SELECT {EVENT_COLUMNS} FROM events WHERE stream = ?"
    params: list[object] = [stream]
    if up_to is not None:
        query += " AND position <= ?"
        params.append(up_to)
    rows = database.execute(f"{query} ORDER BY version", params).fetchall()
    return [recorded(row) for row in rows]


def streams(
    database: Database, streams: Iterable[StreamId], up_to: int | None = None
) -> dict[StreamId, list[Recorded]]:
    """The events of streams in order, up to a position."""
    found: dict[StreamId, list[Recorded]] = {stream: [] for stream in streams}
    limit, limits = _limit("position", up_to)
    for some in batches(found, checks.MANY):
        among, params = database.among(some)
        query = (
            f"SELECT {EVENT_COLUMNS} FROM events WHERE stream {among} {limit} "
            "ORDER BY stream, version"
        )
        for row in database.execute(query, (*params, *limits)):
            found[row[1]].append(recorded(row))
    return found


def _limit(column: str, up_to: int | None) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if up_to is None else (f"AND {column} <= ?", (up_to,))


_SINCE = """
    e.stream = p.stream AND e.version > coalesce(
        (SELECT b.version FROM events b WHERE b.stream = p.stream AND b.position + 0 <= ?
         ORDER BY b.version DESC LIMIT 1), 0)
    AND e.topic IN ('account_package.billed', 'account_package.taken_back')
"""
"""Stream by stream from its end: neither history by position nor a whole stream is walked."""


def _billed_since(database: Database, among: str, limit: str) -> str:
    return f"""
        SELECT e.position, p.account, p.ref, e.topic, e.schema_version, e.payload
        FROM account_packages p {database.for_each("events", "e", _SINCE)}
        WHERE p.account {among} {limit}
    """


def billed_since(
    database: Database, after: Mapping[StreamId, int], up_to: int | None = None
) -> dict[StreamId, list[Fact]]:
    """What was billed and taken back of accounts' packages after a position each, up to one. Those
    that look equally far back are asked for together.
    """
    found: dict[StreamId, list[Fact]] = {}
    limit, limits = _limit("e.position", up_to)
    for some in batches(sorted(after, key=lambda account: after[account]), checks.MANY):
        among, params = database.among(some)
        sql = _billed_since(database, among, limit)
        rows = database.stream(sql, (after[some[0]], *params, *limits))
        for position, account, ref, topic, version, payload in rows:
            if position <= after[account]:
                continue
            fact = fact_of(position, ref, decode(topic, version, payload))
            if fact is not None:
                listed = found.get(account)
                if listed is None:
                    found[account] = [fact]
                else:
                    listed.append(fact)
    for facts in found.values():
        if len(facts) > 1:
            facts.sort(key=lambda fact: fact.position)
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
