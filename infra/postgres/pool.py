"""Connections of a process: opened when needed, looked at before use, closed when idle."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from infra.postgres.address import Address
from infra.postgres.errors import translated
from infra.postgres.session import Session, configure, connect, settings_of

_MOST = 20
WAIT = 10.0
"""Seconds to wait for a connection: a server that is started again meanwhile goes unnoticed."""

logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # what matters is raised

_TRY = 3.0
"""Seconds after which trying to connect is left to the next who needs a connection."""


def _check(connection: "Connection[Any]") -> None:
    """A connection at rest has nothing to read: else it was ended, or the server says something,
    and is asked. So taking one costs no message in the usual case.
    """
    listening = poll()
    listening.register(connection.fileno(), POLLIN)
    if listening.poll(0):
        ConnectionPool.check_connection(connection)


class Sessions:
    """A pool. PostgreSQL's errors come out of its blocks as ours."""

    def __init__(self, address: Address) -> None:
        self.address = address
        schema = address.schema

        def ours(connection: "Connection[Any]") -> None:
            configure(connection, schema)

        self.pool: ConnectionPool[Connection[Any]] = ConnectionPool(
            address.conninfo,
            kwargs=settings_of(address),
            min_size=0,
            max_size=_MOST,
            open=False,
            configure=ours,
            check=_check,
            timeout=WAIT,
            reconnect_timeout=_TRY,
            num_workers=1,
            name="billstream",
        )

    def close(self) -> None:
        self.pool.close()

    @contextmanager
    def session(self) -> Generator[Session]:
        """A connection in autocommit mode."""
        with translated(self.address):
            if self.pool.closed:
                self.pool.open(wait=False)
            connection, pooled = self._connection()
            session = Session(connection)
            try:
                yield session
            finally:
                session.roll_back()
                if pooled:
                    self.pool.putconn(connection)
                else:
                    connection.close()

    def _connection(self) -> "tuple[Connection[Any], bool]":
        """One of the pool's. While the pool waits between two attempts to reach a server that was
        away, one of its own, which is told at once what is wrong.
        """
        try:
            return self.pool.getconn(), True
        except PoolTimeout:
            if self.pool.get_stats()["pool_size"] >= _MOST:
                raise
            return connect(self.address).connection, False

    @contextmanager
    def reading(self, of: str | None = None) -> Generator[Session]:
        """A snapshot: it never blocks writers and does not move. `of` names another's."""
        with self.session() as session, session.snapshot(of):
            yield session
