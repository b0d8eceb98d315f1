"""Public names of views: SQL views over the newest tables, whose grants outlive every rebuild."""

from collections.abc import Sequence

import psycopg

from infra.postgres.session import Session
from infra.views.database import Published

_GRANTS = """
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        a.privilege_type, a.is_grantable
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relname = ? AND c.relnamespace = current_schema()::regnamespace
        AND a.grantee <> c.relowner
"""


def publish(session: Session, withdrawn: Sequence[str], published: Sequence[Published]) -> None:
    """Replaces in place where columns were only added; else makes the name anew and grants again
    what was granted. Inside a transaction.
    """
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
    grants = session.execute(_GRANTS, (found.name,)).fetchall()
    session.run(f"DROP VIEW IF EXISTS {found.name}")
    session.run(_create(found))
    for grantee, privilege, grantable in grants:
        option = " WITH GRANT OPTION" if grantable else ""
        session.run(f"GRANT {privilege} ON {found.name} TO {grantee}{option}")


def _create(found: Published) -> str:
    select = f"SELECT {', '.join(found.columns)} FROM {found.physical}"
    return f"CREATE OR REPLACE VIEW {found.name} AS {select}"
