"""`make bench`: what the bill run costs, beside raw inserts of the same rows in the same run."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.store.open import open_store
from tests.benchmarks.owed import ORDINARY, WORST, measure_owed
from tests.benchmarks.runs import Measured, measure, measure_postgres
from tests.support import seed

SIZES = (1_000, 10_000, 100_000)
VERBS = (
    ("--help",),
    ("bill-run", "--help"),
    ("clock", "show"),
    ("bill-run", "list"),
    ("account", "list"),
    ("account-package", "show", "A-1/internet"),
    ("invoice", "list"),
    ("bill-run", "completed"),
)


def main() -> None:
    """Measures and prints the table; with `--database postgresql://…`, of that server. With
    `report`, everything (`tests.benchmarks.report`).
    """
    if sys.argv[1:2] == ["report"]:
        from tests.benchmarks.report import main as report

        return report(sys.argv[2:])
    if sys.argv[1:2] == ["--database"]:
        return _postgres(sys.argv[2])
    measured = [measure(size) for size in SIZES]
    print("Whole runs on one SQLite file, durable, views included")
    _table(measured)
    small, large = measured[0], measured[-1]
    growth = small.per_second / large.per_second
    print()
    _bar("speed as a part of raw inserts", f"{large.ratio:.2f}", "at least 0.30")
    _bar("accounts a second at 100,000", f"{large.per_second:,.0f}", "at least 6,000")
    _bar("cost per account, 100,000 : 1,000", f"{growth:.2f}", "at most 1.20")
    _bar("peak memory at 100,000, MiB", f"{large.peak_mib:.0f}", "under 250")
    owed = "auto pay, AR terms and contracts on every account, of plain"
    _bar(owed, f"{measure_owed(ORDINARY).ratio:.2f}", "at least 0.60")
    _bar(f"{owed}, at worst", f"{measure_owed(WORST).ratio:.2f}", "none")
    print("\nProcess time of small verbs, best of five, seconds (bar: under 0.40)")
    for words, seconds in _small_verbs():
        print(f"  {seconds:5.2f}  billstream {' '.join(words)}")


def _postgres(server: str) -> None:
    print("Whole runs on one PostgreSQL server by one process, durable; raw: COPY of its rows")
    measured = [measure_postgres(size, server) for size in SIZES]
    _table(measured)
    large = measured[-1]
    print()
    _bar("run alone, accounts a second", f"{large.accounts / large.run_seconds:,.0f}", "")
    _bar("run alone, as a part of raw COPY", f"{large.raw_seconds / large.run_seconds:.2f}", "")


def _table(measured: list[Measured]) -> None:
    print(
        f"{'accounts':>9} {'accounts/s':>11} {'of raw':>7} {'raw rows/s':>11} {'preview/s':>10}",
        end="",
    )
    print(f" {'replay/s':>9} {'peak MiB':>9}")
    for found in measured:
        print(_row(found))


def _row(found: Measured) -> str:
    return (
        f"{found.accounts:9,} {found.per_second:11,.0f} {found.ratio:7.2f} "
        f"{found.raw_rows / found.raw_seconds:11,.0f} "
        f"{found.accounts / found.preview_seconds:10,.0f} "
        f"{found.accounts / found.replay_seconds:9,.0f} {found.peak_mib:9.0f}"
    )


def _bar(what: str, figure: str, bar: str) -> None:
    print(f"{what:<36} {figure:>10}   {bar}")


def _small_verbs() -> list[tuple[tuple[str, ...], float]]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'small.db'}"
        store = open_store(url, create=True)
        seed.set_up(store)
        seed.add_accounts(store, 100)
        store.close()
        environment = {**os.environ, "BILLSTREAM_DATABASE_URL": url}
        return [(words, min(_cpu(words, environment) for _ in range(5))) for words in VERBS]


def _cpu(words: tuple[str, ...], environment: dict[str, str]) -> float:
    """User and system time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = Path(sys.executable).with_name("billstream")
    subprocess.run([program, *words], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
