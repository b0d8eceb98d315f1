"""Making the tables of an owner's schema, and looking whether they are there."""

from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

import psycopg

from infra.postgres import errors
from infra.postgres.address import Address
from infra.postgres.arrays import TextArray
from infra.postgres.session import Session
from infra.postgres.tables import ALL_TABLES, APPLICATION, ITEMS, VERSION
from infra.postgres.writing import write_states
from infra.store.rows import batches
from infra.store.state_rows import RowWrite
from infra.store.upgrade import item_rows

_OLDEST = 140000
_CREATION = 0x42494C4C
"""One process makes tables at a time: the key of its advisory lock ("BILL")."""

_LOOK = """
    SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
        current_schema() IS NOT NULL,
        (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relkind IN ('r', 'v', 'm', 'p')),
        EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = 'meta' AND c.relkind = 'r'),
        EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)
"""


class Found(NamedTuple):
    """What lies in the schema: `meta` is None when there is no history."""

    schema: bool
    tables: int
    meta: dict[str, str] | None


def look(session: Session, address: Address) -> Found:
    """Raises StoreError for a server or a schema that cannot be ours."""
    row = session.execute(_LOOK, (address.schema,) * 3).fetchone()
    assert row is not None
    version, encoding, usable, tables, has_meta, schema = row
    if version < _OLDEST:
        raise errors.unsuitable(address, f"PostgreSQL {version // 10000} is too old: 14 or newer")
    if encoding != "UTF8":
        raise errors.unsuitable(address, f"its encoding is {encoding}: make a database with UTF8")
    if schema and not usable:
        raise errors.denied(address, f"no usage of schema {address.schema}")
    if not has_meta:
        return Found(schema, tables, None)
    found: dict[str, str] = {}
    with suppress(psycopg.errors.UndefinedColumn):  # somebody else's table of that name
        found.update(session.execute("SELECT key, value FROM meta").fetchall())
    if found.get("application") != APPLICATION:
        raise errors.not_ours(address)
    if int(found["file_version"]) > VERSION:
        raise errors.newer(address, int(found["file_version"]), VERSION)
    return Found(schema, tables, found)


def bring_up_to_date(session: Session) -> None:
    """Adds the tables that came after the schema was made, filled from its history, under the
    order lock. A process of the older version must not go on writing: stop them first.
    """
    with session.transaction("BEGIN"):
        session.execute("SELECT pg_advisory_xact_lock(?)", (_CREATION,))
        query = "SELECT value FROM meta WHERE key = 'file_version'"
        ((version,),) = session.execute(query)
        if int(version) >= VERSION:
            return
        session.execute("SELECT position FROM log_head FOR UPDATE")
        for statement in ITEMS:
            session.run(statement)
        for rows in batches(item_rows(session), 1000):
            write_states(session, [RowWrite("items", (), rows)])
        session.execute("UPDATE meta SET value = ? WHERE key = 'file_version'", (str(VERSION),))


def create(session: Session, address: Address, facts: dict[str, str]) -> None:
    """Makes the tables; those that are there are left as they are. `facts` go into `meta`."""
    with session.transaction("BEGIN"):
        session.execute("SELECT pg_advisory_xact_lock(?)", (_CREATION,))
        found = look(session, address)
        if found.meta is not None:
            return
        if found.tables:
            raise errors.not_ours(address)
        if not found.schema:
            session.run(f"CREATE SCHEMA {address.schema}")
        for statement in ALL_TABLES:
            session.run(statement)
        session.run("INSERT INTO log_head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0)")
        meta = {
            "application": APPLICATION,
            "file_version": str(VERSION),
            "epoch": str(uuid4()),
            **facts,
        }
        query = "INSERT INTO meta SELECT * FROM unnest(?::text[], ?::text[])"
        session.execute(query, (TextArray(meta), TextArray(meta.values())))
