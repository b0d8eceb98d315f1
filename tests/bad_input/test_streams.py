"""Outputs that are closed or full, and how a stopped program ends."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from aggregates.execution import ExecutionState
from infra.cli.running import exit_status
from tests.bad_input.asking import Desk

ROOT = Path(__file__).parents[2]


def program(desk: Desk, line: str) -> "subprocess.CompletedProcess[str]":
    """A command line typed into a shell; `billstream` is ours."""
    shell = f'billstream() {{ "{sys.executable}" -c "from infra.start import main; main()" "$@"; }}'
    return subprocess.run(
        ["/bin/sh", "-c", f"{shell}\n{line}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "BILLSTREAM_DATABASE_URL": desk.url},
    )


def test_a_closed_output_is_nobody_reading(desk: Desk) -> None:
    ended = program(desk, "billstream account list >&-")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", ["account list", "account list --json", "history export"])
def test_a_full_disk_behind_the_output_is_one_line(desk: Desk, words: str) -> None:
    ended = program(desk, f"billstream {words} >/dev/full")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: input_output: ")
    assert ended.stderr.count("\n") == 1


def test_words_that_are_not_utf8(desk: Desk) -> None:
    ended = program(desk, "billstream account show \"$(printf '\\377')\"")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: not_utf8: ")


def test_nobody_is_asked_who_cannot_answer(desk: Desk) -> None:
    for words in ("account erase A-1", "account erase A-1 --json"):
        ended = program(desk, f"echo y | billstream {words}")
        assert ended.returncode == 1
        assert ended.stderr.startswith("error: not_confirmed: ")
    assert desk.read("account", "show", "A-1")["name"] == "A-1 Ltd"


def test_a_cancelled_run_is_not_done() -> None:
    first, last = date(2020, 10, 1), date(2020, 10, 31)
    for status, expected in (("completed", 0), ("cancelled", 1), ("completed_with_failures", 3)):
        state = ExecutionState(bill_run="R", period_start=first, period_end=last, status=status)
        assert exit_status(state) == expected
