"""Connections of a process: opened when needed, looked at before use, closed when idle."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from infra.postgres.address import Address
from infra.postgres.errors import translated
from infra.postgres.session import Session, configure, settings_of

_MOST = 20
_WAIT = 30.0
"""Seconds to wait for a connection."""


class Sessions:
    """A pool. PostgreSQL's errors come out of its blocks as ours."""

    def __init__(self, address: Address) -> None:
        self.address = address
        schema = address.schema

        def ours(connection: "Connection[Any]") -> None:
            configure(connection, schema)

        self.pool = ConnectionPool(
            address.conninfo,
            kwargs=settings_of(address),
            min_size=0,
            max_size=_MOST,
            open=False,
            configure=ours,
            check=ConnectionPool.check_connection,
            timeout=_WAIT,
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
            connection = self.pool.getconn()
            session = Session(connection)
            try:
                yield session
            finally:
                session.roll_back()
                self.pool.putconn(connection)

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A snapshot: it never blocks writers and does not move."""
        with self.session() as session, session.snapshot():
            yield session
