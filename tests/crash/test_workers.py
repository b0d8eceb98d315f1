"""A run by several processes of one machine: everyone once, whoever of them dies."""

import os
import signal
import socket
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic

import psutil
import pytest

from aggregates.identity import StreamId, text
from consumers.progress import Progress
from consumers.remaining import Remaining
from infra.store.open import open_store
from tests.crash.harness import (
    RUN,
    Existing,
    assert_billed_once,
    chunks_done,
    finish,
    query,
    seeded,
)
from tests.crash.harness import start as start_on

ACCOUNTS = 6_000
WORKERS = ("--workers", "3")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return seeded(f"sqlite:///{tmp_path / 'billstream.db'}", ACCOUNTS)
    return seeded(request.getfixturevalue("postgres_url"), ACCOUNTS)


def _workers_of(pid: int) -> list[psutil.Process]:
    """The processes that bill beside the one that hands out."""
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children():
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def _execution(url: str) -> StreamId:
    """The only one."""
    found: StreamId = query(url, "SELECT stream FROM states WHERE kind = 'execution'")[0][0]
    return bytes(found)


def _progress(url: str) -> Progress:
    """What somebody sees who begins to look now."""
    with closing(open_store(url)) as store:
        remaining = Remaining(store, _execution(url))
        remaining.look()
        return remaining.tally.at(monotonic())


def test_three_processes_bill_everyone_once(url: str) -> None:
    """History says which of them billed what; a replay knows that it might have been another."""
    process = start_on(url, [*RUN, *WORKERS])
    answer = finish(process)
    assert answer.status == 0, answer.err
    assert_billed_once(Existing(url), ACCOUNTS)
    progress = _progress(url)
    assert progress.counts.packages_billed == ACCOUNTS
    assert sum(share.counts.packages_billed for share in progress.workers) == ACCOUNTS
    assert f"{socket.gethostname()}:{process.pid}" in {one.worker for one in progress.workers}
    assert 1 < len(progress.workers) <= 3
    assert Existing(url).ask("execution", "replay", text(_execution(url))).status == 0


def test_a_worker_that_dies_is_replaced(url: str) -> None:
    process = start_on(url, [*RUN, *WORKERS])
    with closing(open_store(url)) as store:
        while process.poll() is None and (not _workers_of(process.pid) or not chunks_done(store)):
            pass
    if process.poll() is None:
        os.kill(_workers_of(process.pid)[0].pid, signal.SIGKILL)
    answer = finish(process)
    assert answer.status == 0, answer.err
    assert_billed_once(Existing(url), ACCOUNTS)


def test_workers_end_with_the_process_that_hands_out(url: str) -> None:
    process = start_on(url, [*RUN, *WORKERS])
    with closing(open_store(url)) as store:
        while len(_workers_of(process.pid)) < 2 or not chunks_done(store):
            assert process.poll() is None
    workers = _workers_of(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    before = _progress(url)
    answer = Existing(url).ask("execution", "resume", text(_execution(url)), *WORKERS)
    assert answer.status == 0 or "execution_finished" in answer.err, answer.err
    assert_billed_once(Existing(url), ACCOUNTS)
    after = _progress(url)
    assert (after.done, after.counts.packages_billed) == (after.chunks, ACCOUNTS)
    assert before.counts.packages_billed > 0
    parts = {share.worker: share.counts for share in after.workers}
    assert all(parts[share.worker] == share.counts for share in before.workers)


def test_workers_that_always_die_are_told_and_nothing_is_lost(postgres_url: str) -> None:
    url = seeded(postgres_url, 2_000)
    process = start_on(url, [*RUN, "--workers", "2"])
    while process.poll() is None:
        for worker in _workers_of(process.pid):
            with suppress(psutil.NoSuchProcess):
                worker.kill()
    answer = finish(process)
    assert answer.status == 1
    assert "workers_died" in answer.err
    assert Existing(url).ask("execution", "resume", text(_execution(url))).status == 0
    assert_billed_once(Existing(url), 2_000)
