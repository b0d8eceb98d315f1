"""Who began which chunk: rows beside history, written before the work begins.

A worker takes its row away again however the work went; so what is left of others are workers that
died, or hang. The rows mean nothing to what is billed, and an ended execution has none.
"""

from uuid import uuid4

from consumers.work import Work
from infra.views.database import ViewsDatabase

_CREATE = """
    CREATE TABLE work_attempts (
        execution {bytes} NOT NULL,
        chunk INTEGER NOT NULL,
        worker TEXT NOT NULL,
        PRIMARY KEY (execution, chunk, worker)
    )"""


class StoredAttempts:
    """Implements `consumers.working.Attempts` on the connection that views are written with."""

    def __init__(self, database: ViewsDatabase) -> None:
        self._database = database
        self.worker = str(uuid4())
        with database.translated():
            if database.has_table("work_attempts"):  # a server's is made with the others
                return
            with database.transaction(alone=True):
                if not database.has_table("work_attempts"):
                    database.execute(_CREATE.format(bytes=database.types["bytes"]))

    def begin(self, work: Work) -> int:
        key = (work.execution, work.chunk, self.worker)
        with self._database.translated(), self._database.transaction():
            self._database.execute(
                "INSERT INTO work_attempts VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key
            )
            found = self._database.execute(
                "SELECT count(*) FROM work_attempts"
                " WHERE execution = ? AND chunk = ? AND worker <> ?",
                key,
            )
            return int(found.fetchone()[0])

    def end(self, work: Work) -> None:
        with self._database.translated():
            self._database.execute(
                "DELETE FROM work_attempts WHERE execution = ? AND chunk = ? AND worker = ?",
                (work.execution, work.chunk, self.worker),
            )

    def forget(self, execution: bytes) -> None:
        with self._database.translated():
            self._database.execute("DELETE FROM work_attempts WHERE execution = ?", (execution,))
