"""Views that follow a run in a process of its own: they come along, and nothing depends on it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from multiprocessing import active_children
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from consumers.worker import run_execution
from infra.composition import App, open_app
from infra.run.views_along import WORTH_IT, views_along
from tests.support import seed

START, END = date(2020, 10, 1), date(2020, 10, 31)
NOBODY_BUSY = 0
"""So that there is a core left on any machine."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A file with forty accounts and a run that is queued."""
    url = f"sqlite:///{tmp_path / 'along.db'}"
    with open_app(url, create=True) as app:
        seed.set_up(app.store)
        seed.add_accounts(app.store, 40)
        seed.queue(app.store, START, END)
    return url


def run(app: App) -> None:
    (execution,) = _queued(app)
    run_execution(app.store, execution)


def _queued(app: App) -> list[bytes]:
    with app.store.snapshot() as reading:
        return [found.stream for found in reading.all_of("execution", "queued")]


def wait_until(is_so: Callable[[], bool]) -> None:
    until = monotonic() + 30
    while not is_so():
        assert monotonic() < until
        sleep(0.02)


def test_views_follow_while_the_run_goes_on(url: str) -> None:
    with open_app(url) as app:
        with views_along(url, WORTH_IT, NOBODY_BUSY):
            wait_until(lambda: app.views.reached() == app.store.head.position)
            run(app)
            wait_until(lambda: app.views.reached() == app.store.head.position)
        assert active_children() == []


def test_the_run_does_not_wait_for_views_to_be_whole(url: str) -> None:
    with open_app(url) as app:
        with views_along(url, WORTH_IT, NOBODY_BUSY):
            pass
        assert active_children() == []
        run(app)
        assert app.views.catch_up() == app.store.head.position


def test_a_process_that_is_killed_leaves_views_to_others(url: str) -> None:
    with open_app(url) as app:
        with views_along(url, WORTH_IT, NOBODY_BUSY):
            (process,) = active_children()
            wait_until(lambda: app.views.reached() > 0)
            process.kill()
            run(app)
        assert app.views.catch_up() == app.store.head.position


def test_no_process_is_left_when_that_of_the_run_is_killed(url: str) -> None:
    words = [sys.executable, "-c", _HANGS.format(url=url)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        follower = int(running.stdout.readline())
        assert psutil.pid_exists(follower)
        running.send_signal(signal.SIGKILL)
    wait_until(lambda: not _runs(follower))


_HANGS = """
import multiprocessing, signal
from infra.run.views_along import views_along
with views_along({url!r}, 1000, 0):
    (process,) = multiprocessing.active_children()
    print(process.pid, flush=True)
    signal.pause()
"""


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_small_run_or_a_busy_machine_starts_none(url: str) -> None:
    for chunks, busy in ((WORTH_IT - 1, NOBODY_BUSY), (WORTH_IT, os.cpu_count() or 1)):
        with views_along(url, chunks, busy):
            assert active_children() == []


def test_a_file_that_cannot_be_opened_is_told_by_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with views_along(f"sqlite:///{tmp_path / 'none.db'}", WORTH_IT, NOBODY_BUSY):
        (process,) = active_children()
        process.join(30)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""
