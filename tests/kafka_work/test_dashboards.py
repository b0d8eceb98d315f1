"""The role for dashboards, as the operator's guide makes it, reads views and nothing else."""

import re
import secrets
from contextlib import closing

import psycopg
import pytest

from infra.store.open import open_store
from infra.views.open import open_views
from infra.views.registry import QUERIES, VIEWS
from infra.views.sql import public_name
from tests.support import seed
from tests.support.sources import ROOT

GUIDE = (ROOT / "docs" / "operators-guide.md").read_text()


def test_the_role_reads_every_view_but_the_one_with_names(postgres_url: str) -> None:
    server, _, schema = postgres_url.partition("?schema=")
    role = f"dash_{secrets.token_hex(4)}"
    (statements,) = re.findall(r"^```sql\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    made = statements.replace("dashboards", role).replace("acme", schema)
    with closing(open_store(postgres_url, create=True)) as store:
        seed.set_up(store)
        views = open_views(store)
        views.catch_up()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(made.encode())
            try:
                views.rebuild()
                admin.execute(f"SET ROLE {role}".encode())
                admin.execute(f"SET search_path = {schema}".encode())
                for view in VIEWS:
                    for table in view.tables:
                        _reads(admin, public_name(table), public_name(table) != "view_accounts")
                for query in QUERIES:
                    _reads(admin, f"view_{query.name}", True)
                for secret in ("events", "personal_keys", "states", "meta", "view_offsets"):
                    _reads(admin, secret, False)
            finally:
                admin.execute(b"RESET ROLE")
                admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def _reads(connection: "psycopg.Connection[tuple[object, ...]]", name: str, may: bool) -> None:
    query = f"SELECT count(*) FROM {name}".encode()
    if may:
        owner = int(name == "view_owner")
        assert connection.execute(query).fetchone() == (owner,), name
        return
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
        connection.execute(query)
