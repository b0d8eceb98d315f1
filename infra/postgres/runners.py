"""Which process runs an execution, on any machine: it holds an advisory lock while it lives.

Only a hint: what keeps two processes from billing the same is the version of a chunk's stream. The
server lets go of the lock when the process's connection ends, however it ended.
"""

import struct
from hashlib import blake2b

from aggregates.identity import StreamId
from infra.postgres.session import Session

_HELD = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid::bigint = ? AND objid::bigint = ? LIMIT 1
"""


def mark(session: Session, epoch: str, execution: StreamId) -> None:
    """Holds the lock on this session from now on; others may hold it too."""
    session.execute("SELECT pg_advisory_lock_shared(?)", (_key(epoch, execution),))


def unmark(session: Session, epoch: str, execution: StreamId) -> None:
    session.execute("SELECT pg_advisory_unlock_shared(?)", (_key(epoch, execution),))


def is_alive(session: Session, epoch: str, execution: StreamId) -> bool:
    """Somebody holds it."""
    high, low = struct.unpack(">II", struct.pack(">q", _key(epoch, execution)))
    return session.execute(_HELD, (high, low)).fetchone() is not None


def _key(epoch: str, execution: StreamId) -> int:
    digest = blake2b(epoch.encode() + execution, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
