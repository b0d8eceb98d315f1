"""One run in a process of its own, so that its memory is its own: what it took, as JSON.

`python -m tests.benchmarks.one_run URL MONTH WORKERS`; months count from October 2020.
"""

import json
import resource
import subprocess
import sys
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import Any, NamedTuple

from aggregates import identity
from commands.billing.preview import preview_run
from consumers.worker import one_by_one, run_execution
from infra.composition import App, open_app
from infra.run.local_workers import LocalWorkers
from tests.support import seed


class Ran(NamedTuple):
    """Seconds of the wall and of processors, the most memory one process held (MiB), and the
    position of history before it.
    """

    execution: str
    packages: int
    seconds: float
    preview_seconds: float
    cpu_seconds: float
    peak_mib: float
    before: int


def run_once(url: str, month: int = 0, workers: int = 1) -> Ran:
    """Runs the month in a process of its own; with no workers, it is only previewed."""
    words = [sys.executable, "-m", "tests.benchmarks.one_run", url, str(month), str(workers)]
    printed = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Ran(**json.loads(printed))


def period(month: int) -> tuple[date, date]:
    """The first and the last day of the n-th month from October 2020."""
    year, index = divmod(9 + month, 12)
    following, after = divmod(10 + month, 12)
    return date(2020 + year, index + 1, 1), date(2020 + following, after + 1, 1) - timedelta(1)


def _measured(url: str, month: int, workers: int) -> dict[str, Any]:
    start, end = period(month)
    with open_app(url) as app:
        preview = _preview(app, start, end) if workers < 2 else 0.0
        before = app.store.head.position
        execution = seed.queue(app.store, start, end, f"month-{month}")
        chunks = LocalWorkers(url, workers) if workers > 1 else one_by_one
        cpu = _cpu()
        seconds = packages = 0.0
        if workers:
            began = perf_counter()
            state = run_execution(app.store, execution, chunks=chunks)
            seconds, packages = perf_counter() - began, state.counts.packages_billed
    return {
        "execution": identity.text(execution),
        "packages": packages,
        "seconds": seconds,
        "preview_seconds": preview,
        "cpu_seconds": _cpu() - cpu,
        "peak_mib": _peak(),
        "before": before,
    }


def _preview(app: App, start: date, end: date) -> float:
    began = perf_counter()
    with preview_run(app.store, "Default", period_start=start, period_end=end) as previewed:
        for _ in previewed.written():
            pass
    return perf_counter() - began


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def _peak() -> float:
    """Of this process or of one of its workers."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) / 1024


if __name__ == "__main__":
    address, nth, count = sys.argv[1:]
    sys.stdout.write(json.dumps(_measured(address, int(nth), int(count))))
