"""One run of pytest, in however many processes: a folder, who is in it, and the servers they share.

Each run has its own folder. What a run that was killed has left behind, the next one clears.
"""

import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from infra.stack.parts import locked
from infra.stack.ports import free_ports
from infra.stack.process import Process, is_alive, send, wait_gone
from infra.stack.server import Server, written_whole

_BEGINNING = "billstream-servers-"

SomeServer = TypeVar("SomeServer", bound=Server)


class Run:
    """A run's folder, as one of its processes sees it."""

    def __init__(self, name: str) -> None:
        temporary = Path(tempfile.gettempdir())
        self.folder = temporary / f"{_BEGINNING}{name}"
        self.lock = temporary / f"{_BEGINNING}{name}.lock"
        self._me = Process(os.getpid(), psutil.Process().create_time())

    def start(self, make: "Callable[[Run], SomeServer]") -> SomeServer:
        """The server, started by the process of the run that needs it first."""
        with locked(self.lock):
            self._enter()
            server = make(self)
            server.start()
        return server

    def own_folder(self) -> Path:
        """A name for a folder of a test's own; servers that it leaves running there are ended with
        the run. Its letters are those that need care.
        """
        with locked(self.lock):
            self._enter()
        return self.folder / f"it's ours, é {secrets.token_hex(4)}"

    def _enter(self) -> None:
        self.folder.mkdir(mode=0o711, exist_ok=True)
        inside = self.inside()
        if self._me not in inside:
            self._write("inside", [*inside, self._me])

    def secret(self) -> str:
        """A password that all processes of the run know."""
        found: str | None = self._read("secret")
        if found is None:
            found = secrets.token_hex(16)
            self._write("secret", found)
        return found

    def ports(self, name: str, count: int) -> list[int]:
        """The ports of one server of the run."""
        found: list[int] | None = self._read(f"{name}-ports")
        if found is None:
            found = free_ports(count)
            self._write(f"{name}-ports", found)
        return found

    def leave(self) -> None:
        """The last process to leave stops the servers and deletes the folder."""
        with locked(self.lock):
            others = [one for one in self.inside() if one != self._me]
            if others:
                self._write("inside", others)
            else:
                self.clear()

    def clear(self) -> None:
        """Ends the folder's servers, whoever started them. Nobody will read their data again."""
        for path in self.folder.rglob("pid.json"):
            process = Process(**json.loads(path.read_bytes()))
            send(process, signal.SIGKILL)
            wait_gone(process, 10)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.unlink(missing_ok=True)

    def inside(self) -> list[Process]:
        """The processes of the run that live."""
        found: list[tuple[int, float]] = self._read("inside") or []
        return [one for one in (Process(*entry) for entry in found) if is_alive(one)]

    def _read(self, name: str) -> Any:
        path = self.folder / f"{name}.json"
        return json.loads(path.read_bytes()) if path.exists() else None

    def _write(self, name: str, value: object) -> None:
        written_whole(self.folder / f"{name}.json", json.dumps(value))


def this_run() -> Run:
    """The run that this process belongs to."""
    run = Run(os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}")
    _clear_left_behind(run)
    return run


def _clear_left_behind(mine: Run) -> None:
    for folder in mine.folder.parent.glob(f"{_BEGINNING}*"):
        run = Run(folder.name.removeprefix(_BEGINNING))
        if folder.is_dir() and run.folder != mine.folder and os.access(folder, os.W_OK):
            with locked(run.lock):
                if not run.inside():
                    run.clear()
