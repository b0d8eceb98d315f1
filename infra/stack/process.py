"""Processes that outlive the one that started them. A pid alone is no name, for pids come again: a
process is its pid and when it began.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

_SAME_START = 1.0
"""Seconds between two readings of one process's start that still mean the same process."""

_POLL = 0.02


class Process(NamedTuple):
    """A process on this computer: its pid and when it began."""

    pid: int
    began: float


class Account(NamedTuple):
    """A user of the operating system, by numbers."""

    uid: int
    gid: int


_children: list[subprocess.Popen[bytes]] = []
"""What this process started, kept so that it is reaped when it ends."""


def spawn(
    words: Sequence[str | Path],
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
) -> Process:
    """Starts a program that goes on when this process and its terminal have gone."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children.append(child)
    with contextlib.suppress(psutil.NoSuchProcess):
        return Process(child.pid, psutil.Process(child.pid).create_time())
    return Process(child.pid, 0.0)


def is_alive(process: Process) -> bool:
    """The very process still runs; one that only waits to be reaped does not."""
    _reap()
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.began) < _SAME_START
        return same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send(process: Process, signal: int) -> None:
    """Sends a signal to the very process, or to nobody."""
    if is_alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal)


def wait_gone(process: Process, seconds: float) -> bool:
    """Waits until the process has ended; False when it still runs after `seconds`."""
    until = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True


def has_argument(process: Process, argument: str) -> bool:
    """The process was started with this among its words, as far as this user may see: the pid file
    of a copied folder names a process of the original.
    """
    try:
        return argument in psutil.Process(process.pid).cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def with_argument(argument: str) -> Process | None:
    """The process that was started with exactly this among its words, and not by another such."""
    for found in psutil.process_iter(["cmdline", "create_time", "status"]):
        words: list[str] = found.info["cmdline"] or []
        if argument in words and found.info["status"] != psutil.STATUS_ZOMBIE:
            return Process(found.pid, found.info["create_time"])
    return None


def forget_children() -> None:
    """Nothing that was started here is looked after any more: it belongs to its folder."""
    for child in _children:
        child.returncode = 0 if child.poll() is None else child.returncode
    _children.clear()


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


if sys.platform != "win32":
    import atexit

    atexit.register(forget_children)
