"""Where and how much is measured: one PostgreSQL server, whole runs of given sizes.

A finished run is made once for each size and shared by the measurements that read one.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from tests.support.servers import drop_schema


class Finished(NamedTuple):
    """A whole run that has ended, in a schema of its own: accounts with one package each, four
    events an account (opened, added, billed, invoiced).
    """

    url: str
    accounts: int
    execution: bytes
    seconds: float
    """How long the run took, without views, with one worker."""


class Bench:
    """`server` is the address of a PostgreSQL without a schema; `folder` is for files. `large` is
    the number of accounts of the large run: 250,000 make a million events of history.
    """

    def __init__(self, server: str, folder: Path, large: int, tell: Callable[[str], None]) -> None:
        self.server = server
        self.folder = folder
        self.large = large
        self.tell = tell
        self._schemas: list[str] = []
        self._finished: dict[int, Finished] = {}

    def new_schema(self) -> str:
        """The address of an empty schema, dropped at the end."""
        schema = f"bench_{secrets.token_hex(4)}"
        self._schemas.append(schema)
        return f"{self.server}{'&' if '?' in self.server else '?'}schema={schema}"

    def make(self, schema: str) -> None:
        """An empty schema for somebody else's tables."""
        import psycopg

        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())

    def analyze(self, url: str) -> None:
        """Nothing of the set-up is paid for later."""
        settle(self.server, url)

    def finished(self, accounts: int) -> Finished:
        """A finished run; made when it is first asked for."""
        if accounts not in self._finished:
            from tests.benchmarks.whole_runs import finish_one

            self._finished[accounts] = finish_one(self, accounts)
        return self._finished[accounts]

    def close(self) -> None:
        """Drops every schema."""
        for schema in self._schemas:
            drop_schema(self.server, schema)
        self._schemas.clear()


def settle(server: str, url: str) -> None:
    """Tables as autovacuum keeps them, so that it does not begin with them in the middle of what
    is measured; and a checkpoint.
    """
    import psycopg

    schema = url.rpartition("schema=")[2]
    with psycopg.connect(server, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"VACUUM (ANALYZE) {schema}.{table}".encode())
        connection.execute("CHECKPOINT")


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = perf_counter()
    work()
    return perf_counter() - began
