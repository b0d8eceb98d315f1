"""Parts of a chunk billed in a process of their own, which may die without taking us along.

`python -m infra.run.isolated` reads one request as JSON on stdin: `{"do", "database", "execution",
"chunk", "invoicers"}`. It ends with 0 when it lived, with 75 when something was in its way that
passes by itself, and with 76 when it was refused; what it was then stands on stdout.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Sequence

from aggregates.identity import parse, text
from aggregates.refusal import Refusal
from consumers.apart import unreadable
from consumers.role import Unavailable
from consumers.work import Work
from infra.run.worker_name import worker_name
from infra.store.errors import StoreError

COMMAND: Sequence[str] = (sys.executable, "-m", "infra.run.isolated")

LIMIT = 240.0
"""Seconds after which a process is taken for one that never ends."""

AWAY, REFUSED = 75, 76


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
            raise unreadable(work)
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
        if done.returncode in (AWAY, REFUSED):
            raise _told(done.returncode, done.stdout)
        return done.returncode, done.stdout


def _told(status: int, out: str) -> Exception:
    """What was in the way of the process, as it would have been in the way here."""
    told = json.loads(out)
    code, sentence = str(told["code"]), str(told["sentence"])
    if status == AWAY:
        return Unavailable(f"{code}: {sentence}")
    return (StoreError if told["of_the_database"] else Refusal)(code, sentence)


def main() -> int:
    """One request, in this process."""
    from commands.executions import invoicers_of, open_running, rehearse_chunk, run_chunk
    from commands.store import Conflict
    from infra.run.faults import passes, told
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
        found = told(error)
        of_the_database = isinstance(error, StoreError)
        report = {"code": found["code"], "sentence": found["reason"]}
        sys.stdout.write(json.dumps({**report, "of_the_database": of_the_database}))
        return AWAY if passes(error) else REFUSED
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
