"""What a run looks like on a terminal of 80 columns while it runs."""

import os
import pty
import re
import select
import subprocess
import sys
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from aggregates.execution import Counts
from aggregates.identity import text
from commands.billing.scope import PACKAGES_A_CHUNK
from consumers.progress import Done, Progress, Tally
from infra.cli.output import SMALL
from infra.cli.run_progress import MOST_WORKERS, drawing, run_progress
from infra.store.open import open_store
from tests.support import seed

PROGRAM = "from infra.cli.main import main; main()"


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


def on_terminal(words: list[str]) -> tuple[int, str]:
    """Runs the program on a terminal of 80 columns; its status and everything it wrote there."""
    main, other = pty.openpty()
    told = {**os.environ, "COLUMNS": "80", "LINES": "30", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdin=other, stdout=other, stderr=other, env=told
    ) as process:
        os.close(other)
        written = b""
        while select.select([main], [], [], 60)[0]:
            try:
                some = os.read(main, 65536)
            except OSError:  # the other end is closed: Linux's way to say so
                break
            written += some
    os.close(main)
    return process.returncode, written.decode()


@pytest.mark.parametrize("begun", [False, True], ids=["new", "resumed"])
def test_a_run_on_a_terminal(tmp_path: Path, begun: bool) -> None:
    """It is drawn while it runs, in lines that fit, and wiped before the outcome is told. Taken up
    again it begins with what is done.
    """
    from commands.executions import open_running, run_chunk, start_execution

    url = f"sqlite:///{tmp_path / 'books.db'}"
    with closing(open_store(url, create=True)) as store:
        seed.set_up(store)
        seed.add_accounts(store, SMALL)
        execution = seed.queue(store, date(2020, 10, 1), date(2020, 10, 31))
        if begun:
            start_execution(store, execution)
            running = open_running(store, execution)
            for index in range(4):
                run_chunk(store, running, index)
    words = ["execution", "resume", text(execution), "--workers", "2", "--database", url]
    status, written = on_terminal(words)
    assert status == 0, written
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", written)
    drawn = [line for line in plain.splitlines() if line.startswith(("total", "  ", "billing"))]
    assert max(len(line.rstrip()) for line in drawn) <= 80
    totals = [int(line.split()[1].replace(",", "")) for line in drawn if line[:5] == "total"]
    assert totals[0] == (4 * PACKAGES_A_CHUNK if begun else 0)
    assert totals == sorted(totals)
    assert len(totals) >= 2
    assert "\x1b[2K" in written
    assert f"Execution {text(execution)} completed." in plain.replace("\n", " ")
    assert f"{SMALL:,} packages billed" in plain
