"""What a batch relied on, looked at again under the order lock (design decisions 8, 17)."""

from collections import defaultdict

from aggregates.execution import ExecutionState
from aggregates.identity import StreamId, text
from aggregates.invoice_state import is_charging
from commands.store import Absence, Batch, Conflict, Untouched
from infra.store.database import Database
from infra.store.rows import span_of
from infra.store.state_rows import table_of
from schemas.kinds import STATELESS, kind_of_type, state_decoder

_decode_invoice = state_decoder("invoice").decode

MANY = 500
"""Ids a query asks for at once."""

NEAR = 10
"""Events since, for each version to look at, up to which looking at the events is less work."""

_ABSENCES = {
    ("account", "bill_group"): "accounts WHERE bill_group = ? AND live",
    ("account", "parent"): "accounts WHERE parent = ? AND live",
    ("account", "invoicer"): "accounts WHERE invoicer = ? AND stream <> invoicer AND live",
    ("account_package", "package"): "account_packages WHERE package = ? AND live",
    ("account_package", "account"): "account_packages WHERE account = ? AND live",
    ("account_package", "ref"): "account_packages WHERE ref = ? AND live",
}


def still_holds(database: Database, batch: Batch, position: int) -> None:
    """Raises Conflict if a version or an absence the batch relied on has changed, or its
    execution is not running any more. `position` is the head, which is not the batch's.
    """
    _same_versions(database, _touched(database, batch, position))
    for absence in batch.absences:
        if not is_absent(database, absence):
            raise Conflict(f"{absence.kind}.{absence.column} {absence.value!r} is taken")
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
        return _is_latest(database, absence.value)
    clause = _ABSENCES[absence.kind, absence.column]
    query = f"SELECT 1 FROM {clause} LIMIT 1"
    return database.execute(query, (absence.value,)).fetchone() is None


def _touched(database: Database, batch: Batch, position: int) -> list[tuple[str, StreamId, int]]:
    """What the batch read, without the kinds of which there was no event since: their versions
    are what they were. When much was written since, everything.
    """
    if position - batch.read_at > NEAR * len(batch.reads):
        return batch.reads
    query = "SELECT DISTINCT topic FROM events WHERE position > ? AND position <= ?"
    found = database.execute(query, (batch.read_at, position))
    kinds = {kind_of_type(topic) for (topic,) in found}
    return [read for read in batch.reads if read[0] in kinds]


def has_items(database: Database, kind: str) -> bool:
    """There is a thing of a kind whose things have keys; found by their index."""
    query = "SELECT 1 FROM items WHERE kind = ? AND key <> '' LIMIT 1"
    return database.execute(query, (kind,)).fetchone() is not None


def _is_latest(database: Database, value: bytes) -> bool:
    """No invoice of an account has a number above one."""
    account, above = value[:16], int.from_bytes(value[16:])
    low, high = span_of(account, account)
    query = (
        "SELECT state FROM items WHERE stream >= ? AND stream < ? AND account = ? "
        "AND kind = 'invoice' AND ordinal > ?"
    )
    states = database.execute(query, (low, high, account, above))
    return not any(is_charging(_decode_invoice(state)) for (state,) in states)


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
    state: ExecutionState = state_decoder("execution").decode(row[0])
    return state.status == "running" and not state.cancel_requested
