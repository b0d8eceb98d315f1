"""Whole bill runs on durable PostgreSQL, from the list of what is due to the last commit."""

from functools import cache
from statistics import median

from infra.composition import open_app
from tests.benchmarks.bench import Bench, Finished
from tests.benchmarks.one_run import Ran, run_once
from tests.benchmarks.raw_copy import raw_copy
from tests.benchmarks.rows import Measured, Plot, Point, at_least, at_most
from tests.support import seed

ACCOUNTS = 100_000
WITH_HISTORY = 20_000
MONTHS = 13
PAIRS = 5
WORKERS = (1, 2, 3, 4)
SMALL_RUNS = 4
"""Runs of a thousand accounts on each side of the large one."""


def complete_run(bench: Bench) -> Measured:
    """The run beside raw COPY of the same rows, its preview, and its memory."""
    ran, raw_seconds, rows = _hundred_thousand(bench)
    two = _with_workers(bench)[2]
    speed, preview = ran.packages / ran.seconds, ran.packages / ran.preview_seconds
    note = f"{speed:,.0f} accounts/s; COPY alone: {rows / raw_seconds:,.0f} rows/s, one connection"
    cpu = f"{1e6 * ran.cpu_seconds / ran.packages:.0f} µs of this side's processor an account"
    return Measured(
        (
            at_least("complete run, of raw COPY", raw_seconds / ran.seconds, 0.25, ".2f", note),
            at_least(
                "complete run, two workers, accounts/s",
                two.packages / two.seconds,
                20_000,
                note=cpu,
            ),
            at_least("preview of the run, of the run's speed", preview / speed, 1.0, ".2f"),
            at_most("memory of a process at 100,000 accounts, MiB", ran.peak_mib, 300),
        )
    )


def more_workers(bench: Bench) -> Measured:
    """One to four worker processes; each bills a month of its own of the same accounts."""
    found = _with_workers(bench)
    speeds = {count: ran.packages / ran.seconds for count, ran in found.items()}
    told = ", ".join(f"{count}: {speed:,.0f}" for count, speed in speeds.items())
    row = at_least("second worker, of the first", speeds[2] / speeds[1], 1.4, ".2f", told)
    points = tuple(Point("accounts/s", count, speed) for count, speed in speeds.items())
    title = f"{ACCOUNTS:,} accounts by one to four workers"
    plot = Plot("workers", title, "workers", "accounts/s", points)
    return Measured((row,), (plot,))


def with_history(bench: Bench) -> Measured:
    """A month billed with thirteen months behind it, beside one with nothing behind it, in turn:
    a single pair tells as much about the machine.
    """
    url = _seeded(bench, WITH_HISTORY)
    runs: list[Ran] = []
    ratios: list[float] = []
    for month in range(MONTHS):
        bench.tell(f"month {month + 1} of {MONTHS}")
        runs.append(run_once(url, month))
    for month in range(MONTHS, MONTHS + PAIRS):
        fresh = run_once(_seeded(bench, WITH_HISTORY))
        runs.append(run_once(url, month))
        ratios.append(_cost(runs[-1]) / _cost(fresh))
    points = tuple(Point("µs an account", n, _cost(ran) * 1e6) for n, ran in enumerate(runs))
    title = f"{WITH_HISTORY:,} accounts, month after month"
    plot = Plot("history", title, "months of history", "µs an account", points)
    told = ", ".join(f"{ratio - 1:.0%}" for ratio in ratios)
    slower = median(ratios) - 1
    what = f"{MONTHS} months of history, slower by"
    row = at_most(what, slower, 0.10, ".0%", f"in the middle of {told}")
    return Measured((row,), (plot,))


def growth(bench: Bench) -> Measured:
    """Cost per account and memory from a thousand accounts to the large run. Small runs are made
    before and after it, for the machine may have changed meanwhile: the one in the middle counts.
    """
    middle = _hundred_thousand(bench)[0]
    thousands = [run_once(_seeded(bench, 1_000)) for _ in range(SMALL_RUNS)]
    large = _large(bench)
    thousands += [run_once(_seeded(bench, 1_000)) for _ in range(SMALL_RUNS)]
    small = median(map(_cost, thousands))
    ratio = _cost(large) / small
    costs = ((1_000, small), (ACCOUNTS, _cost(middle)), (bench.large, _cost(large)))
    told = ", ".join(f"{count:,}: {1e6 * cost:.0f} µs" for count, cost in costs)
    points = tuple(Point("µs an account", count, 1e6 * cost) for count, cost in costs)
    plot = Plot("growth", "Cost per account, one worker", "accounts", "µs an account", points)
    memory = f"{middle.peak_mib:.0f} at {ACCOUNTS:,}, {large.peak_mib:.0f} at {bench.large:,}"
    return Measured(
        (
            at_most(
                f"1,000 → {bench.large:,} accounts, cost grows by", ratio - 1, 0.15, ".0%", told
            ),
            at_most("memory of a process, MiB, flat", large.peak_mib, 300, note=memory),
        ),
        (plot,),
    )


def embedded(bench: Bench) -> Measured:
    """The embedded default: one SQLite file, views included, on all cores there are."""
    from tests.benchmarks.runs import measure

    bench.tell(f"{ACCOUNTS:,} accounts on SQLite")
    found = measure(ACCOUNTS)
    note = f"{found.ratio:.2f} of raw inserts of the same rows"
    return Measured(
        (
            at_least(
                "embedded (SQLite), views included, accounts/s", found.per_second, 12_000, note=note
            ),
        )
    )


def finish_one(bench: Bench, accounts: int) -> Finished:
    """A finished run of so many accounts, for whoever measures what comes after."""
    url = _seeded(bench, accounts)
    bench.tell(f"one worker bills {accounts:,} accounts")
    ran = run_once(url)
    _runs[accounts] = ran
    execution = bytes.fromhex(ran.execution.replace("-", ""))
    return Finished(url, accounts, execution, ran.seconds)


_runs: dict[int, Ran] = {}


def _large(bench: Bench) -> Ran:
    bench.finished(bench.large)
    return _runs[bench.large]


@cache
def _hundred_thousand(bench: Bench) -> tuple[Ran, float, int]:
    """The run of a hundred thousand accounts, and raw COPY of its rows."""
    finished = bench.finished(ACCOUNTS)
    ran = _runs[ACCOUNTS]
    bench.tell("raw COPY of the same rows")
    with open_app(finished.url) as app:
        after = app.store.head.position
    seconds, rows = raw_copy(finished.url, ran.before, after)
    return ran, seconds, rows


@cache
def _with_workers(bench: Bench) -> dict[int, Ran]:
    url = _seeded(bench, ACCOUNTS)
    found: dict[int, Ran] = {}
    for month, count in enumerate(WORKERS):
        bench.tell(f"{count} workers bill {ACCOUNTS:,} accounts")
        found[count] = run_once(url, month, count)
    return found


def _seeded(bench: Bench, accounts: int) -> str:
    """Accounts with one due package each, in a schema of their own, with fresh statistics as
    autovacuum keeps them.
    """
    url = bench.new_schema()
    bench.tell(f"{accounts:,} accounts are set up")
    with open_app(url, create=True) as app:
        seed.set_up(app.store)
        seed.add_accounts(app.store, accounts)
    bench.analyze(url)
    return url


def _cost(ran: Ran) -> float:
    return ran.seconds / ran.packages
