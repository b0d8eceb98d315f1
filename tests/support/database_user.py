"""A user of PostgreSQL that has what a test grants it, and nothing else."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from infra.postgres.address import parse
from tests.support.guide import Granted

SCHEMA = "on the schema"
"""What the guide's table calls a grant that is not on a table."""


class DatabaseUser(NamedTuple):
    """`url` is the schema as the user reaches it, `server` as its owner does."""

    name: str
    url: str
    server: str
    schema: str

    def grant(self, grants: Iterable[Granted]) -> None:
        self._tell("GRANT", "TO", grants)

    def revoke(self, grants: Iterable[Granted]) -> None:
        self._tell("REVOKE", "FROM", grants)

    def _tell(self, verb: str, way: str, grants: Iterable[Granted]) -> None:
        schema, user = sql.Identifier(self.schema), sql.Identifier(self.name)
        with psycopg.connect(self.server, autocommit=True) as connection:
            for heading, name in grants:
                what, kind, on = heading, "TABLE", sql.Identifier(self.schema, name)
                if heading == SCHEMA:
                    what, kind, on = name, "SCHEMA", schema
                words = f"{verb} {what} ON {kind} {on.as_string()} {way} {user.as_string()}"
                connection.execute(words.encode())


@contextmanager
def database_user(postgres_url: str, role: str) -> Generator[DatabaseUser]:
    """Makes a user who may look into the schema, and drops it afterwards."""
    address, parts = parse(postgres_url), urlsplit(postgres_url)
    name = f"{address.schema}_{role}"
    host = parts.netloc.rpartition("@")[2]
    url = parts._replace(netloc=f"{name}:pw@{host}").geturl()
    user = DatabaseUser(name, url, address.conninfo, address.schema)
    with psycopg.connect(address.conninfo, autocommit=True) as connection:
        quoted = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'pw'").format(quoted))
        user.grant([(SCHEMA, "USAGE")])
        try:
            yield user
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(quoted))
            connection.execute(sql.SQL("DROP ROLE {}").format(quoted))
