"""What a batch relied on, looked at again under the order lock (design decisions 8, 17)."""

from collections import defaultdict
from collections.abc import Mapping, Set

from aggregates.execution import ExecutionState
from aggregates.identity import StreamId, text
from aggregates.invoice_state import is_charging
from commands.store import Absence, Batch, Conflict, Untouched
from infra.store.database import Database
from infra.store.rows import batches, read_state, span_of
from infra.store.state_rows import table_of
from schemas.kinds import STATELESS, kind_of_type

MANY = 500
"""Ids a query asks for at once."""

NEAR = 10
"""Events since, for each version to look at, up to which looking at the events is less work."""

_ABSENCES = {
    ("account", "bill_group"): "accounts WHERE live AND bill_group",
    ("account", "parent"): "accounts WHERE live AND parent",
    ("account", "invoicer"): "accounts WHERE live AND stream <> invoicer AND invoicer",
    ("account_package", "package"): "account_packages WHERE live AND package",
    ("account_package", "account"): "account_packages WHERE live AND account",
    ("account_package", "ref"): "account_packages WHERE live AND ref",
}
"""Before the values."""


def still_holds(
    database: Database, batch: Batch, written: Mapping[StreamId, int], position: int
) -> None:
    """Raises Conflict if a version or an absence the batch relied on has changed, or its
    execution is not running any more. `written` are the streams it writes itself, with their
    versions before; `position` is the head, which is not the batch's.
    """
    _same_versions(database, _touched(database, batch, written, position))
    _still_absent(database, batch, written.keys())
    if batch.whole_kinds:
        _unchanged(database, batch.read_at, frozenset(batch.whole_kinds))
    for untouched in batch.untouched:
        _still_untouched(database, batch.read_at, untouched)
    if batch.running is not None and not _is_running(database, batch.running):
        raise Conflict(f"execution {text(batch.running)} is not running")


def continues(database: Database, streams: list[tuple[StreamId, int]]) -> None:
    """Raises Conflict if a stream without state row is not at the version it is continued from;
    a version already taken shows by itself.
    """
    for stream, version in streams:
        query = "SELECT 1 FROM events WHERE stream = ? AND version = ?"
        if database.execute(query, (stream, version)).fetchone() is None:
            raise Conflict(f"stream {text(stream)} is not at version {version}")


def is_absent(database: Database, absence: Absence) -> bool:
    """Nothing live has that value in that column."""
    if absence.kind == "invoice" and isinstance(absence.value, bytes):
        return _is_latest(database, absence.value, frozenset())
    return not _there(database, absence.kind, absence.column, [absence.value], frozenset())


def _still_absent(database: Database, batch: Batch, own: Set[StreamId]) -> None:
    """What the batch writes itself, and may have written already, was decided on knowing it."""
    by_column: dict[tuple[str, str], list[str | bytes]] = defaultdict(list)
    for absence in batch.absences:
        by_column[absence.kind, absence.column].append(absence.value)
    for value in by_column.pop(("invoice", "after"), []):
        if isinstance(value, bytes) and not _is_latest(database, value, own):
            raise Conflict(f"there is an invoice after {value.hex()}")
    for (kind, column), values in by_column.items():
        for some in batches(values, MANY):
            for value in _there(database, kind, column, some, own):
                raise Conflict(f"{kind}.{column} {value!r} is taken")


def _there(
    database: Database,
    kind: str,
    column: str,
    values: list[str | bytes],
    own: Set[StreamId],
) -> list[str | bytes]:
    """The values that something live has in that column, but for streams of one's own: some of
    them, or none if there is none.
    """
    among, params = database.among(values)
    query = f"SELECT {column}, stream FROM {_ABSENCES[kind, column]} {among} LIMIT {len(own) + 1}"
    rows = database.execute(query, params).fetchall()
    return [value for value, stream in rows if stream not in own]


def _touched(
    database: Database, batch: Batch, written: Mapping[StreamId, int], position: int
) -> list[tuple[str, StreamId, int]]:
    """What the batch read, without the kinds of which there was no event since: their versions
    are what they were. When much was written since, everything. What the batch writes itself is
    looked at by writing it.
    """
    reads = [read for read in batch.reads if written.get(read[1]) != read[2]]
    if position - batch.read_at > NEAR * len(reads):
        return reads
    query = "SELECT DISTINCT topic FROM events WHERE position > ? AND position <= ?"
    found = database.execute(query, (batch.read_at, position))
    kinds = {kind_of_type(topic) for (topic,) in found}
    return [read for read in reads if read[0] in kinds]


def has_items(database: Database, kind: str) -> bool:
    """There is a thing of a kind whose things have keys; found by their index."""
    query = "SELECT 1 FROM items WHERE kind = ? AND key <> '' LIMIT 1"
    return database.execute(query, (kind,)).fetchone() is not None


def _is_latest(database: Database, value: bytes, own: Set[StreamId]) -> bool:
    """No invoice of an account has a number above one, but for those of one's own."""
    account, above = value[:16], int.from_bytes(value[16:])
    low, high = span_of(account, account)
    query = (
        "SELECT stream, state FROM items WHERE stream >= ? AND stream < ? AND account = ? "
        "AND kind = 'invoice' AND ordinal > ?"
    )
    states = database.execute(query, (low, high, account, above))
    return not any(
        is_charging(read_state("invoice", stream, state))
        for stream, state in states
        if stream not in own
    )


def _unchanged(database: Database, since: int, names: frozenset[str]) -> None:
    """Raises Conflict if an event of these kinds, or of these stored names, came since."""
    query = "SELECT DISTINCT topic FROM events WHERE position > ?"
    for (topic,) in database.execute(query, (since,)):
        if topic in names or kind_of_type(topic) in names:
            raise Conflict(f"{topic} since it was read")


def _still_untouched(database: Database, since: int, relied: Untouched) -> None:
    """Raises Conflict if one of the events came since, on a stream of one of the accounts."""
    among, params = database.among(list(relied.types))
    query = f"SELECT topic FROM events WHERE position > ? AND stream >= ? AND topic {among}"
    first, last = span_of(relied.low, relied.high)
    limits: list[object] = [since, first]
    if last:
        query, limits = query.replace("stream >= ?", "stream >= ? AND stream < ?"), [*limits, last]
    found = database.execute(f"{query} LIMIT 1", [*limits, *params]).fetchone()
    if found is not None:
        raise Conflict(f"{found[0]} since it was read")


def _same_versions(database: Database, reads: list[tuple[str, StreamId, int]]) -> None:
    by_source: dict[str, dict[StreamId, int]] = defaultdict(dict)
    for kind, stream, version in reads:
        if by_source[_source(kind)].setdefault(stream, version) != version:
            raise Conflict(f"{kind} {text(stream)} changed while it was read")
    for source, expected in by_source.items():
        found = _versions(database, source, list(expected))
        for stream, version in expected.items():
            if found.get(stream, 0) != version:
                raise Conflict(f"stream {text(stream)} is not at version {version} any more")


def _source(kind: str) -> str:
    return "events" if kind in STATELESS else table_of(kind)


def _versions(database: Database, source: str, streams: list[StreamId]) -> dict[StreamId, int]:
    column, ending = ("max(version)", "GROUP BY stream") if source == "events" else ("version", "")
    found: dict[StreamId, int] = {}
    for start in range(0, len(streams), MANY):
        some = streams[start : start + MANY]
        among, params = database.among(some)
        query = f"SELECT stream, {column} FROM {source} WHERE stream {among} {ending}"
        found.update(database.execute(query, params).fetchall())
    return found


def _is_running(database: Database, execution: StreamId) -> bool:
    query = "SELECT state FROM states WHERE stream = ?"
    row = database.execute(query, (execution,)).fetchone()
    if row is None:
        return False
    state: ExecutionState = read_state("execution", execution, row[0])
    return state.status == "running" and not state.cancel_requested
