"""What a run looks like on a terminal of 80 columns while it runs."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from aggregates.execution import Counts
from aggregates.identity import StreamId, text
from commands.billing.scope import PACKAGES_A_CHUNK
from commands.executions import (
    Running,
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from consumers.progress import Done, Progress, Tally
from infra.cli.errors import guarded
from infra.cli.main import run
from infra.cli.output import SMALL
from infra.cli.run_progress import MOST_WORKERS, drawing, run_progress
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support import seed
from tests.support.terminal import Terminal


def lines(progress: Progress, width: int = 80) -> list[str]:
    written = StringIO()
    Console(file=written, width=width).print(drawing(progress))
    return [line.rstrip() for line in written.getvalue().splitlines()]


def billed(index: int, worker: str = "", failed: int = 0) -> Done:
    counts = Counts(packages_billed=500_000, invoices_generated=499_999, failed=failed)
    return Done(index, counts, worker)


def test_one_process_has_one_line() -> None:
    tally = Tally(4, 0.0)
    tally.add(billed(0, failed=1), 20.0)
    bar, headings, total = lines(tally.at(20.0))
    assert re.fullmatch(r"billing  [━╸╺ ]{24}   25%  1 of 4 chunks", bar)
    assert headings.split("  ")[-1] == "remaining"
    assert total.split() == ["total", "500,000", "499,999", "1", "25,000", "0:01:00"]
    assert total.endswith("0:01:00")
    assert len(total) == len(headings)


def test_before_anything_is_known() -> None:
    assert lines(Tally(4, 0.0).at(0.0))[-1].split() == ["total", "0", "0", "0", "…", "…"]


def test_each_worker_has_a_line_that_fits() -> None:
    """With names as long as machines have them, and a million of everything."""
    tally = Tally(20, 0.0)
    names = [f"billing-worker-7d9f8b6c5d-x2x{n}.eu-west.example.com:{40_000 + n}" for n in range(3)]
    for index in range(12):
        tally.add(billed(index, names[index % 3], failed=123), index + 1.0)
    shown = lines(tally.at(12.0))
    assert max(map(len, shown)) <= 80
    assert [len(line) for line in shown[1:]] == [len(shown[1])] * 5
    assert [line.split()[1] for line in shown[2:]] == ["6,000,000"] + ["2,000,000"] * 3
    assert [line.split()[0][-6:] for line in shown[3:]] == [":40000", ":40001", ":40002"]
    assert "…" in shown[3]
    assert max(map(len, lines(tally.at(12.0), 60))) <= 60


def test_many_workers_do_not_push_the_total_away() -> None:
    tally = Tally(40, 0.0, [billed(n, f"w:{n:02}") for n in range(MOST_WORKERS + 4)])
    shown = lines(tally.at(1.0))
    assert len(shown) == 3 + MOST_WORKERS + 1
    assert shown[-1] == "  and 4 more"


def test_where_nobody_looks_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with run_progress(1_000_000) as show:
        show(Tally(1, 0.0))
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OwnedStore]:
    """With as many accounts as it takes for a run to be shown."""
    with closing(open_store(f"sqlite:///{tmp_path / 'books.db'}", create=True)) as found:
        seed.set_up(found)
        seed.add_accounts(found, SMALL)
        yield found


def queue(store: OwnedStore) -> StreamId:
    return seed.queue(store, date(2020, 10, 1), date(2020, 10, 31))


def bill(store: OwnedStore, execution: StreamId, chunks: Iterable[int]) -> Running:
    """As another process does it."""
    start_execution(store, execution)
    running = open_running(store, execution)
    for index in chunks:
        run_chunk(store, running, index)
    return running


def totals(drawn: list[str]) -> list[int]:
    """The packages of each drawing."""
    return [int(line.split()[1].replace(",", "")) for line in drawn if line[:5] == "total"]


@pytest.mark.parametrize("begun", [False, True], ids=["new", "resumed"])
def test_a_run_on_a_terminal(store: OwnedStore, begun: bool) -> None:
    """It is drawn while it runs, in lines that fit, and wiped before the outcome is told. Taken up
    again it begins with what is done.
    """
    execution = queue(store)
    if begun:
        bill(store, execution, range(4))
    words = ["execution", "resume", text(execution), "--workers", "2", "--database", store.url]
    with Terminal(*words) as terminal:
        assert terminal.end() == 0, terminal.lines
    drawn = totals(terminal.lines)
    assert max(map(len, terminal.lines)) <= 80
    assert drawn[0] == (4 * PACKAGES_A_CHUNK if begun else 0)
    assert drawn == sorted(drawn)
    assert len(drawn) >= 2
    assert b"\x1b[2K" in terminal.written
    assert terminal.lines[-2:] == [
        f"Execution {text(execution)} completed.",
        f"{SMALL:,} packages billed, {SMALL:,} invoices ({20 * SMALL}.00 USD).",
    ]


def test_a_run_of_others_is_watched(store: OwnedStore) -> None:
    execution = queue(store)
    store.mark_running(execution)
    bill(store, execution, range(2))
    with Terminal("execution", "watch", text(execution)[:8], "--database", store.url) as terminal:
        terminal.until(rf"total +{2 * PACKAGES_A_CHUNK:,} ")
        bill(store, execution, range(7))
        terminal.until(rf"total +{7 * PACKAGES_A_CHUNK:,} ")
        finish_execution(store, bill(store, execution, range(10)))
        store.unmark(execution)
        assert terminal.end() == 0, terminal.lines
    drawn = totals(terminal.lines)
    assert drawn == sorted(drawn)
    assert f"Execution {text(execution)} completed." in terminal.lines


def test_watching_what_nobody_runs(store: OwnedStore, capsys: pytest.CaptureFixture[str]) -> None:
    execution = queue(store)
    line = ["execution", "watch", text(execution), "--database", store.url]
    assert guarded(line, lambda: run(line)) == 1
    assert capsys.readouterr().err.startswith("error: execution_left: no process runs execution ")
    finish_execution(store, bill(store, execution, range(10)))
    assert guarded([*line, "--json"], lambda: run([*line, "--json"])) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["status"], said.err) == ("completed", "")
