"""An append: state rows by ascending id, then the order lock, and under it only positions,
numbers, hashes and rows (design decisions 6 to 9).

Encoding comes before. Whoever comes second finds another version, or waits for the lock and finds
it then. A deadlock or a failed serialization is a conflict: the caller decides again.
"""

from datetime import datetime
from typing import NamedTuple

import psycopg

from commands.store import Batch, Committed, Conflict, Head
from infra.postgres import writing
from infra.postgres.arrays import BytesArray
from infra.postgres.errors import TRY_AGAIN
from infra.postgres.session import Session
from infra.store import checks, meta, numbers
from infra.store.linking import Linked, Linking, head_of, link
from infra.store.owned import Clock
from infra.store.prepared import Prepared, encode_metadata, encoded, parts_of, unguarded, written
from infra.store.rows import batches
from infra.store.state_rows import row_writes

_LOCK = "SELECT position, root, at FROM log_head FOR UPDATE"
_NOW = "SELECT clock_timestamp(), (SELECT value FROM meta WHERE key = 'sandbox_clock')"
_COMMIT = """
    WITH written AS (INSERT INTO commits VALUES (?, ?, ?, ?))
    UPDATE log_head SET position = ?, root = ?, at = ?
"""
_TAKEN = "23505"
KEYS_AT_ONCE = 5_000


class Waiting(NamedTuple):
    """How long to wait for a lock before looking who holds it, in seconds."""

    lock: float

    @property
    def begin(self) -> str:
        """A writer's transaction. A server ends one whose process has stopped between two
        statements by itself. Joins walk the arrays in order, which is the order of the locks.
        """
        return (
            f"BEGIN; SET LOCAL lock_timeout = {max(1, int(self.lock * 1000))};"
            "SET LOCAL idle_in_transaction_session_timeout = '30s';"
            "SET LOCAL statement_timeout = '10min';"
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )


def append(
    session: Session,
    batch: Batch,
    prepared: Prepared | None,
    clock: Clock | None,
    waiting: Waiting,
) -> Committed:
    """Writes a prepared batch as one transaction, or a large one in parts. Raises Conflict if what
    it relied on has changed, and LockNotAvailable when it waited in vain; nothing is written then.
    """
    try:
        with session.transaction(waiting.begin):
            if prepared is None:
                return _append_large(session, batch, clock)
            return _append(session, batch, prepared, clock)
    except psycopg.Error as error:
        if error.sqlstate == _TAKEN or error.sqlstate in TRY_AGAIN:
            raise Conflict(f"another writer was first: {error.diag.message_primary}") from error
        raise


def _append(session: Session, batch: Batch, prepared: Prepared, clock: Clock | None) -> Committed:
    writing.write_states(session, prepared.rows)
    _keys(session, batch)
    head = lock_head(session)
    if head.position != batch.read_at:
        checks.still_holds(session, batch, prepared.written(), head.position)
    checks.continues(session, prepared.unguarded)
    taken = numbers.taken(session, batch, prepared)
    writing.write_states(session, taken.rows)
    if taken.events:
        linked = link(head, taken.events, prepared.metadata, now(session, clock))
        write_commit(session, linked)
        following = linked.head
    else:
        following = head
    return Committed(following, head.position + 1, taken.first, taken.last)


def _append_large(session: Session, batch: Batch, clock: Clock | None) -> Committed:
    """The same, encoding part by part."""
    for part in parts_of(batch) or ():
        writing.write_states(session, row_writes(part))
    _keys(session, batch)
    head = lock_head(session)
    if head.position != batch.read_at:
        checks.still_holds(session, batch, written(batch.changes), head.position)
    checks.continues(session, unguarded(batch.changes))
    numbers.raise_starts(session, batch)
    linking = Linking(head, encode_metadata(batch.metadata), now(session, clock))
    for part in parts_of(batch) or ():
        writing.write_events(session, linking.rows(encoded(part, frozenset(), {})))
    commit = linking.commit()
    _write_commit(session, commit)
    return Committed(Linked([], commit).head, head.position + 1)


def lock_head(session: Session) -> Head:
    """The order lock: always taken last."""
    return head_of(session.execute(_LOCK).fetchone())


def write_commit(session: Session, linked: Linked) -> None:
    """Adds a commit behind the head that is locked."""
    writing.write_events(session, linked.rows)
    _write_commit(session, linked.commit)


def _write_commit(session: Session, commit: tuple[int, int, int, bytes]) -> None:
    first, last, at, root = commit
    session.execute(_COMMIT, (first, last, at, root, last, root, at))


def now(session: Session, clock: Clock | None) -> datetime:
    """The sandbox's clock if there is one, else `clock`, else the server's."""
    found: datetime
    ((found, stored),) = session.execute(_NOW)
    if stored is not None:
        return meta.moment(int(stored))
    return found if clock is None else clock()


def _keys(session: Session, batch: Batch) -> None:
    for some in batches(sorted(batch.new_keys.items()), KEYS_AT_ONCE):
        writing.insert(session, "personal_keys", {"account": "bytea", "key": "bytea"}, some)
    if batch.destroyed_keys:
        query = "DELETE FROM personal_keys WHERE account = ANY(?)"
        session.execute(query, (BytesArray(batch.destroyed_keys),))
