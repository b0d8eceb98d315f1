"""Who tells how far an execution is: rows beside history, with a number that only goes up.

A turn is taken by whoever knows the last one, so two schedulers never take the same.
"""

from aggregates.identity import StreamId
from consumers.telling import Turn
from infra.views.database import ViewsDatabase

_CREATE = """
    CREATE TABLE progress_turns (
        execution {bytes} NOT NULL PRIMARY KEY,
        teller TEXT NOT NULL,
        turn BIGINT NOT NULL
    )"""

_NONE = bytes(16)
"""No execution: to find out whether we may do what we shall have to do."""


def make_table(database: ViewsDatabase) -> None:
    """Where it is missing: a file, or a schema made by an older version. That of a schema made now
    was made with the others.
    """
    with database.translated():
        if database.has_table("progress_turns"):
            return
        with database.transaction(alone=True):
            if not database.has_table("progress_turns"):
                database.execute(_CREATE.format(bytes=database.types["bytes"]))


class StoredTurns:
    """Implements `consumers.telling.Turns` on the connection that views are written with. `me` is
    what this scheduler is called. What may fail fails here, and not while something runs.
    """

    def __init__(self, database: ViewsDatabase, me: str) -> None:
        self._database = database
        self.me = me
        make_table(database)
        self.begin(_NONE)
        self.take(_NONE, self.all().get(_NONE, Turn("", 0)))
        self.end(_NONE)

    def begin(self, execution: StreamId) -> None:
        with self._database.translated():
            self._database.execute(
                "INSERT INTO progress_turns VALUES (?, '', 0) ON CONFLICT DO NOTHING", (execution,)
            )

    def all(self) -> dict[StreamId, Turn]:
        with self._database.translated():
            rows = self._database.execute("SELECT execution, teller, turn FROM progress_turns")
            return {bytes(row[0]): Turn(str(row[1]), int(row[2])) for row in rows.fetchall()}

    def take(self, execution: StreamId, last: Turn) -> Turn | None:
        taken = Turn(self.me, last.number + 1)
        with self._database.translated():
            changed = self._database.execute(
                "UPDATE progress_turns SET teller = ?, turn = ? WHERE execution = ? AND turn = ?"
                " RETURNING turn",
                (*taken, execution, last.number),
            ).fetchall()
        return taken if changed else None

    def end(self, execution: StreamId) -> None:
        with self._database.translated():
            self._database.execute("DELETE FROM progress_turns WHERE execution = ?", (execution,))
