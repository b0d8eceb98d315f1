"""`make bench-report`: every measurement, its table, and docs/benchmarks.md with plots.

    python -m tests.benchmarks report [--database URL] [--full] [--only NAME,NAME] [--print]

Without `--database` it starts a durable PostgreSQL of its own and removes it afterwards. `--full`
takes ten million events where the short form takes one; what is measured so has a table of its own
on the page. `--only` measures some and leaves the others as they were; `--print` writes no page.
"""

import argparse
import json
import os
import platform
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from infra.stack.ports import free_ports
from infra.stack.postgres import Postgres
from tests.benchmarks.bench import Bench
from tests.benchmarks.page import Part, page
from tests.benchmarks.plot import svg
from tests.benchmarks.rows import Measured, Missing, Row, measurements, names

DOCS = Path(__file__).parents[2] / "docs"
LARGE, FULL = 250_000, 2_500_000
FORMS = ("", " --full")

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
"""Of the server it starts: durable as PostgreSQL is by itself (fsync, synchronous_commit)."""


class Found(NamedTuple):
    """A measurement that was made."""

    name: str
    measured: Measured
    seconds: float


def _leave(_: int, __: object) -> None:
    """Told to end: the server is stopped on the way out."""
    sys.exit(143)


def main(words: list[str]) -> None:
    """Measures, prints the table, and writes the page unless told not to."""
    asked = _asked(words)
    only: list[str] = asked.only.split(",") if asked.only else []
    found: list[Found] = []
    signal.signal(signal.SIGTERM, _leave)
    with _server(asked.database) as server, tempfile.TemporaryDirectory() as folder:
        bench = Bench(server, Path(folder), FULL if asked.full else LARGE, _tell)
        try:
            for one in _made(bench, only):
                found.append(one)
                for row in one.measured.rows:
                    sys.stdout.write(line(row) + "\n")
                sys.stdout.flush()
        finally:
            bench.close()
    if not asked.print:
        _write(found, full=asked.full)


def _write(found: list[Found], *, full: bool) -> None:
    """The page, with what an earlier run found of what was not measured now."""
    folder = DOCS / "benchmarks"
    measured_as = FORMS[full]
    folder.mkdir(exist_ok=True)
    figures = folder / "figures.json"
    kept: dict[str, Part] = json.loads(figures.read_bytes()) if figures.exists() else {}
    for one in found:
        rows = [row._asdict() for row in one.measured.rows]
        drawn = () if full else one.measured.plots
        plots = [{"name": plot.name, "title": plot.title} for plot in drawn]
        kept[one.name + measured_as] = {"rows": rows, "plots": plots, "machine": machine()}
        for plot in drawn:
            (folder / f"{plot.name}.svg").write_text(svg(plot))
    figures.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    short, long = ([kept[name + form] for name in names() if name + form in kept] for form in FORMS)
    (DOCS / "benchmarks.md").write_text(page(short, long))


def line(row: Row) -> str:
    """A row as the terminal shows it."""
    mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
    return f"{row.what:<56} {row.figure:>10}  {row.bar:<10} {mark:<8} {row.note}"


def machine() -> str:
    """What it was measured on, in one line."""
    model = platform.processor() or platform.machine()
    with _lines_of("/proc/cpuinfo") as lines:
        for text in lines:
            if text.startswith("model name"):
                model = text.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    when = datetime.now(UTC).date()
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {when}"
    )


@contextmanager
def _lines_of(path: str) -> Generator[Iterator[str]]:
    """The lines of a file, none where there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            yield iter(file)
    except FileNotFoundError:
        yield iter(())


def _made(bench: Bench, only: list[str]) -> Iterator[Found]:
    for name, measurement in measurements(only):
        began = perf_counter()
        try:
            measured = measurement(bench)
        except Missing as missing:
            measured = Measured((Row(name.replace("_", " "), "-", note=str(missing)),))
        yield Found(name, measured, perf_counter() - began)


@contextmanager
def _server(given: str | None) -> Generator[str]:
    """The address of a PostgreSQL, without a schema."""
    if given:
        yield given.partition("?")[0]
        return
    folder = Path(tempfile.mkdtemp(prefix="billstream-bench-"))
    server = Postgres(folder, free_ports(1)[0], secrets.token_hex(16), SETTINGS)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks report")
    parser.add_argument("--database", metavar="URL", default=None)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", metavar="NAMES", default="")
    parser.add_argument("--print", action="store_true")
    return parser.parse_args(words)


def _tell(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
