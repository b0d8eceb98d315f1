"""`billstream scheduler` as a process: it fires what is due and stops when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregates.execution import Counts, ExecutionState
from aggregates.identity import StreamId
from commands.schedules import At
from commands.store import Store
from consumers import worker
from consumers.progress import Done, Tally
from infra.cli.errors import guarded
from infra.cli.main import run
from infra.cli.scheduler import Stop
from tests.commands.schedules_support import ask, executions, new_store

PROGRAM = "from infra.cli.main import main; main()"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_fires_what_is_due_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with new_store(tmp_path) as store:
        ask(store, At(at="2020-10-01"))
        command = [sys.executable, "-c", PROGRAM, "scheduler", "--poll", "0.1"]
        command += ["--database", f"sqlite:///{store.path}"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told = process.stdout.readline() + process.stdout.readline()
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        assert "Default  2020-10-01/2020-10-31" in told
        assert "completed: cycles 0" in told
        assert process.returncode == 0, err
        assert err.splitlines()[-1] == "stopped"
        assert [state.status for state in executions(store)] == ["completed"]


def test_a_signal_ends_the_wait_and_a_second_one_is_not_caught() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    try:
        assert not stop.wait(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(60)
        assert stop.is_set()
        assert signal.getsignal(signal.SIGTERM) == before
    finally:
        stop.close()


def test_stopped_between_two_chunks_the_execution_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(
        store: Store, execution_id: StreamId, progress: Callable[[Tally], None], *_: object
    ) -> ExecutionState:
        tally = Tally(3, 0.0)
        progress(tally)
        os.kill(os.getpid(), signal.SIGTERM)
        tally.add(Done(0, Counts()), 1.0)
        progress(tally)
        raise AssertionError("it went on")

    monkeypatch.setattr(worker, "run_execution", interrupted)
    with new_store(tmp_path) as store:
        ask(store, At(at="2020-10-01"))
        line = ["scheduler", "--database", f"sqlite:///{store.path}"]
        assert guarded(line, lambda: run(line)) == 0
        assert "is left running" in capsys.readouterr().err
        assert [state.status for state in executions(store)] == ["queued"]
