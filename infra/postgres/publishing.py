"""Public names of views: SQL views over the newest tables, whose grants outlive every rebuild."""

from collections.abc import Sequence

import psycopg

from infra.postgres.session import Session
from infra.store.database import Row
from infra.views.database import Published, PublishedQuery

_GRANTS = """
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        a.privilege_type, a.is_grantable
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relname = ? AND c.relnamespace = current_schema()::regnamespace
        AND a.grantee <> c.relowner
"""
_PUBLIC_NAMES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace
"""


def publish(
    session: Session,
    withdrawn: Sequence[str],
    published: Sequence[Published],
    queries: Sequence[PublishedQuery],
) -> None:
    """Replaces in place where columns were only added; else makes the name anew and grants again
    what was granted. Queries stand in the way of that, so they are away meanwhile. Inside a
    transaction.
    """
    granted = {query.name: _grants(session, query.name) for query in queries}
    for query in reversed(queries):
        session.run(f"DROP VIEW IF EXISTS {query.name}")
    _point(session, withdrawn, published)
    there = {str(name) for (name,) in session.execute(_PUBLIC_NAMES)}
    for query in queries:
        if query.reads <= there:
            session.run(query.create)
            _grant(session, query.name, granted[query.name])
            there.add(query.name)


def _point(session: Session, withdrawn: Sequence[str], published: Sequence[Published]) -> None:
    kept = {found.name for found in published}
    for name in withdrawn:
        if name not in kept:
            session.run(f"DROP VIEW IF EXISTS {name}")
    for found in published:
        session.run("SAVEPOINT publishing")
        try:
            session.run(_create(found))
        except psycopg.errors.InvalidTableDefinition:
            session.run("ROLLBACK TO SAVEPOINT publishing")
            _make_anew(session, found)
        session.run("RELEASE SAVEPOINT publishing")


def _make_anew(session: Session, found: Published) -> None:
    grants = _grants(session, found.name)
    session.run(f"DROP VIEW IF EXISTS {found.name}")
    session.run(_create(found))
    _grant(session, found.name, grants)


def _grants(session: Session, name: str) -> Sequence[Row]:
    return session.execute(_GRANTS, (name,)).fetchall()


def _grant(session: Session, name: str, grants: Sequence[Row]) -> None:
    for grantee, privilege, grantable in grants:
        option = " WITH GRANT OPTION" if grantable else ""
        session.run(f"GRANT {privilege} ON {name} TO {grantee}{option}")


def _create(found: Published) -> str:
    select = f"SELECT {', '.join(found.columns)} FROM {found.physical}"
    return f"CREATE OR REPLACE VIEW {found.name} AS {select}"
