"""Nothing twice, nothing lost: SIGKILL at random instants in the middle of a run (R14)."""

import os
import random
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from aggregates.identity import text
from infra.store.open import open_store
from tests.crash.harness import (
    RUN,
    Existing,
    assert_billed_once,
    chunks_done,
    finish,
    query,
    seeded,
    start,
)

ACCOUNTS = 4_000


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "billstream.db"
    seeded(f"sqlite:///{path}", ACCOUNTS)
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> str:
    """Accounts that are due, in a database of the test's own."""
    if request.param == "sqlite":
        path = tmp_path / "billstream.db"
        shutil.copy(template, path)
        return f"sqlite:///{path}"
    return seeded(request.getfixturevalue("postgres_url"), ACCOUNTS)


def kill_in_the_middle(url: str, dice: random.Random) -> None:
    """Starts a run, waits for a random number of chunks and a random while, and kills it."""
    process = start(url, RUN)
    chunks, while_ms = dice.randrange(5), dice.random() * 60
    with closing(open_store(url)) as store:
        while process.poll() is None and chunks_done(store) < chunks:
            _wait(process, 0.002)
    _wait(process, while_ms / 1000)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def _wait(process: "subprocess.Popen[str]", seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def take_up(url: str) -> None:
    """What an operator does: resume what was left running, or run again if nothing had begun."""
    world = Existing(url)
    left = query(url, "SELECT stream FROM states WHERE kind = 'execution'")
    if not left:
        world.must(*RUN)
        return
    answer = world.ask("execution", "resume", text(left[0][0]))
    assert answer.status == 0 or "execution_finished" in answer.err, answer.err


def survive(url: str, seed: int) -> None:
    kill_in_the_middle(url, random.Random(seed))
    take_up(url)
    assert_billed_once(Existing(url), ACCOUNTS)


@pytest.mark.parametrize("seed", range(10))
def test_a_killed_run_is_taken_up_and_bills_everyone_once(url: str, seed: int) -> None:
    survive(url, seed)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(1_000, 1_100))
def test_two_hundred_kills(url: str, seed: int) -> None:
    survive(url, seed)


def test_four_processes_run_the_same_schedule_and_overlapping_runs(url: str) -> None:
    same = [*RUN, "--command-id", "october"]
    wide = ("bill-run", "schedule", "Default", "--now")
    overlapping = [*wide, "--period-start", "2020-09-15", "--period-end", "2020-10-15"]
    running = [start(url, words) for words in (same, same, overlapping, [*RUN])]
    answers = [finish(process) for process in running]
    assert [answer.status for answer in answers] == [0, 0, 0, 0], [a.err for a in answers]
    world = Existing(url)
    executions = world.read("bill-run", "completed")
    assert len(executions) == 3
    assert {found["status"] for found in executions} == {"completed"}
    assert sum(found["packages_billed"] for found in executions) == ACCOUNTS
    assert_billed_once(world, ACCOUNTS)
