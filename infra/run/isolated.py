"""Parts of a chunk billed in a process of their own, which may die without taking us along.

`python -m infra.run.isolated` reads one request as JSON on stdin: `{"do", "database", "execution",
"chunk", "invoicers"}`. It ends with 0 when it lived, and with 75 when the database was away.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Sequence

from aggregates.identity import parse, text
from aggregates.refusal import Refusal
from consumers.role import Unavailable
from consumers.work import Work
from infra.run.worker_name import worker_name

COMMAND: Sequence[str] = (sys.executable, "-m", "infra.run.isolated")

LIMIT = 240.0
"""Seconds after which a process is taken for one that never ends."""

AWAY = 75


class Isolated:
    """Implements `consumers.working.Isolation`."""

    def __init__(
        self, database: str, command: Sequence[str] | None = None, limit: float = LIMIT
    ) -> None:
        self._database = database
        self._command = command or COMMAND
        self._limit = limit

    def invoicers(self, work: Work) -> list[str]:
        status, out = self._run("list", work, ())
        if status:
            raise Unavailable(f"chunk {work.key} cannot even be read: status {status}")
        found: list[str] = json.loads(out)
        return found

    def lives(self, work: Work, only: Collection[str]) -> bool:
        return self._run("rehearse", work, only)[0] == 0

    def bills(self, work: Work, died: Collection[str]) -> bool:
        return self._run("bill", work, died)[0] == 0

    def _run(self, do: str, work: Work, invoicers: Collection[str]) -> tuple[int, str]:
        request = {
            "do": do,
            "database": self._database,
            "execution": text(work.execution),
            "chunk": work.chunk,
            "invoicers": sorted(invoicers),
        }
        try:
            done = subprocess.run(
                self._command,
                input=json.dumps(request),
                stdout=subprocess.PIPE,
                timeout=self._limit,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 1, ""
        if done.returncode == AWAY:
            raise Unavailable("the database is away")
        return done.returncode, done.stdout


def main() -> int:
    """One request, in this process."""
    from commands.executions import invoicers_of, open_running, rehearse_chunk, run_chunk
    from commands.store import Conflict
    from infra.store.errors import StoreError
    from infra.store.open import open_store

    request = json.loads(sys.stdin.read())
    try:
        store = open_store(request["database"])
        try:
            running = open_running(store, parse(request["execution"]))
            chunk, invoicers = int(request["chunk"]), frozenset(request["invoicers"])
            if request["do"] == "list":
                sys.stdout.write(json.dumps(invoicers_of(store, running, chunk)))
            elif request["do"] == "rehearse":
                rehearse_chunk(store, running, chunk, invoicers)
            else:
                running.worker = worker_name()
                run_chunk(store, running, chunk, invoicers)
        finally:
            store.close()
    except (StoreError, Conflict, Refusal) as error:
        sys.stderr.write(f"{error}\n")
        return AWAY
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
