"""What somebody with a database tool can do to a history, and what verify says then."""

import re
import sqlite3
from contextlib import closing
from datetime import date
from typing import Any

from infra.postgres.store import PostgresStore
from infra.store.owned import OwnedStore
from infra.store.sqlite import SqliteStore
from infra.store.verify_history import HistoryReport
from tests.infra.store.build import Billing, fill

FEBRUARY, MARCH = date(2020, 2, 1), date(2020, 3, 1)


def bill_twice(store: OwnedStore) -> None:
    """Five accounts, billed for two months."""
    fill(store, 5)
    Billing(store, "february").run(FEBRUARY)
    Billing(store, "march").run(MARCH)


def by_hand(store: OwnedStore, script: str) -> None:
    """What somebody with the sqlite3 tool, or with psql, can do."""
    if isinstance(store, SqliteStore):
        with closing(sqlite3.connect(store.path)) as tool:
            tool.executescript(script)
    else:
        assert isinstance(store, PostgresStore)
        with store.sessions.session() as session:
            session.run(in_psql(script))


def in_psql(script: str) -> str:
    """The same in PostgreSQL's words."""
    bytes_replaced = r"convert_to(replace(convert_from(\1, 'UTF8'), \2), 'UTF8')"
    for pattern, words in (
        (r"x'(\w+)'", r"'\\x\1'::bytea"),
        (r"zeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')"),
        (r"cast\(replace\((\w+), ([^)]*)\) AS BLOB\)", bytes_replaced),
        (r"live = 0", "live = false"),
    ):
        script = re.sub(pattern, words, script)
    return script


def rows_by_hand(store: OwnedStore, query: str) -> list[Any]:
    with store.proving() as database:
        return database.execute(query).fetchall()


def codes(report: HistoryReport) -> set[str]:
    return {finding.code for finding in report.findings}
