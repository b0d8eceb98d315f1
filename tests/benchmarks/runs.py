"""One whole run, measured in a process of its own: billing, history, state rows and views."""

import json
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from aggregates.identity import StreamId
from commands.billing.preview import preview_run
from commands.billing.replay import replay_execution
from consumers.worker import one_by_one, run_execution
from infra.composition import App, open_app
from infra.run.views_along import followed_by_views
from infra.store.open import is_file
from tests.benchmarks.raw import raw_inserts
from tests.support import seed

START, END = date(2020, 10, 1), date(2020, 10, 31)


class Measured(NamedTuple):
    """Seconds and the most memory the run's process held, in MiB."""

    accounts: int
    run_seconds: float
    views_seconds: float
    raw_seconds: float
    raw_rows: int
    preview_seconds: float
    replay_seconds: float
    peak_mib: float

    @property
    def per_second(self) -> float:
        """Accounts a second, views included."""
        return self.accounts / (self.run_seconds + self.views_seconds)

    @property
    def ratio(self) -> float:
        """The run's speed as a part of raw inserts of the same rows."""
        return self.raw_seconds / (self.run_seconds + self.views_seconds)


def measure(accounts: int) -> Measured:
    """Runs `accounts` due packages in a fresh process and a fresh file."""
    words = [sys.executable, "-m", "tests.benchmarks.runs", str(accounts)]
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(printed))


def measure_postgres(accounts: int, server: str) -> Measured:
    """The same in a schema of its own of a server, dropped afterwards."""
    words = [sys.executable, "-m", "tests.benchmarks.runs", str(accounts), server]
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(printed))


def _run_postgres(accounts: int, server: str) -> dict[str, Any]:
    from tests.benchmarks.raw_copy import raw_copy
    from tests.support.servers import drop_schema

    schema = f"bench_{secrets.token_hex(4)}"
    url = f"{server}{'&' if '?' in server else '?'}schema={schema}"
    try:
        found, before = _measured(accounts, url)
        with open_app(url) as app:
            after = app.store.head.position
        raw_seconds, rows = raw_copy(url, before, after)
        return {**found, "raw_seconds": raw_seconds, "raw_rows": rows}
    finally:
        drop_schema(server, schema)


def _run(accounts: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        found, before = _measured(accounts, f"sqlite:///{path}")
        raw_seconds, rows = raw_inserts(path, Path(folder) / "raw.db", before)
    return {**found, "raw_seconds": raw_seconds, "raw_rows": rows}


def _measured(accounts: int, url: str) -> tuple[dict[str, Any], int]:
    """The run's figures, and the position before it."""
    with open_app(url, create=True) as app:
        seed.set_up(app.store)
        seed.add_accounts(app.store, accounts)
        execution = seed.queue(app.store, START, END)
        app.views.catch_up()
    with open_app(url) as app:
        preview = _timed(lambda: _preview(app))
        before = app.store.head.position
        run = _timed(lambda: _run_to_end(app, execution))
        views = _timed(app.views.catch_up)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        replay = _timed(lambda: replay_execution(app.store, execution))
    figures = {
        "accounts": accounts,
        "run_seconds": run,
        "views_seconds": views,
        "preview_seconds": preview,
        "replay_seconds": replay,
        "peak_mib": peak,
    }
    return figures, before


def _run_to_end(app: App, execution: StreamId) -> None:
    """As `billstream bill-run` does it: views in a file follow while the run goes on."""
    follows = is_file(app.address)
    chunks = followed_by_views(one_by_one, app.address) if follows else one_by_one
    run_execution(app.store, execution, chunks=chunks)


def _preview(app: Any) -> None:
    with preview_run(app.store, "Default", period_start=START, period_end=END) as previewed:
        for _ in previewed.written():
            pass


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    size, *given = sys.argv[1:]
    done = _run_postgres(int(size), given[0]) if given else _run(int(size))
    sys.stdout.write(json.dumps(done))
