"""A worker stopped in the middle of a transaction holds its locks for ever: it is ended.

Whoever has waited a while looks for sessions that hold a writer's lock on our tables and have been
waiting for their own client since. No timeout of the server fires in the middle of COPY.
"""

from infra.postgres.session import Session

PATIENCE = 5.0
"""Seconds that a holder may wait for its own client."""

_END = """
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.wait_event_type = 'Client' AND a.wait_event = 'ClientRead'
        AND greatest(a.query_start, a.state_change) < clock_timestamp() - ? * interval '1 second'
        AND EXISTS (SELECT 1 FROM pg_locks l
            WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation'
                AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
                AND l.relation IN ('log_head'::regclass, 'states'::regclass, 'accounts'::regclass,
                    'account_packages'::regclass, 'receivables'::regclass))
"""


def end_stuck_holders(session: Session, patience: float = PATIENCE) -> int:
    """Ends them; how many there were. Their transactions are rolled back by the server."""
    return sum(bool(ended) for (ended,) in session.execute(_END, (patience,)))
