"""What all servers of the stack share: pid file, starting until ready, stopping, being killed.

A start that was interrupted anywhere is taken up by the next one: data are made aside and renamed
when whole, and a process whose pid file was never written is found by the folder it was given.
"""

import json
import os
import re
import secrets
import shutil
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from aggregates.refusal import Refusal
from infra.stack import errors
from infra.stack.ports import holder_of, is_free_within
from infra.stack.process import (
    Account,
    Process,
    has_argument,
    is_alive,
    send,
    spawn,
    wait_gone,
    with_argument,
)

READY_WITHIN = 90.0
STOPPED_WITHIN = 60.0
_POLL = 0.03
_CAUSE = re.compile(r"FATAL:|Exception:|[Ee]rror:")
_TROUBLE = re.compile(r"\bERROR\b")


class Server(ABC):
    """One server with a folder of its own and fixed ports on the loopback address."""

    name: ClassVar[str]
    stopping: ClassVar[int] = signal.SIGTERM

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.folder = folder.absolute()
        self.ports = tuple(ports)
        self._said: dict[Path, int] = {}

    @property
    def port(self) -> int:
        """The port that clients use."""
        return self.ports[0]

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def logs(self) -> Sequence[Path]:
        """Where it may have said why it did not start, the likeliest first."""
        return [self.log]

    @abstractmethod
    def version(self) -> str:
        """The version of the server itself."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes what a start needs: settings anew, data when there are none."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """How it is started; `mark` is one of the words."""

    @property
    @abstractmethod
    def mark(self) -> str:
        """The word of the command that no other process has."""

    @abstractmethod
    def is_ready(self) -> bool:
        """A client is answered as it will be from now on."""

    def environment(self) -> Mapping[str, str]:
        return {}

    def account(self) -> Account | None:
        return None

    def ended_too_early(self, last: str) -> bool:
        """Whether a start that ended at once is worth another try; `last` is its log's end."""
        return False

    def running(self) -> Process | None:
        """The server's process, None when there is none. A pid file left by a dead one is stale."""
        if not self.folder.exists():
            return None
        recorded = self._recorded()
        if recorded and is_alive(recorded) and has_argument(recorded, self.mark):
            return recorded
        found = with_argument(self.mark)
        if found:
            self._record(found)
        elif recorded:
            self._pid_file.unlink(missing_ok=True)
        return found

    def start(self) -> Process:
        """Starts it unless it runs, and waits until it is ready."""
        until = time.monotonic() + READY_WITHIN
        running = self.running()
        while running is None or not self._becomes_ready(running, until):
            running = self._launch()
        return running

    def stop(self, how: int | None = None, seconds: float = STOPPED_WITHIN) -> bool:
        """Asks it to stop and waits until it has; False when it did not run."""
        running = self.running()
        if running is None:
            return False
        send(running, signal.SIGCONT)
        send(running, self.stopping if how is None else how)
        if not wait_gone(running, seconds):
            raise errors.server_stuck(self.name, running.pid, seconds)
        self._pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> bool:
        """Ends it at once, as a power cut would; its pid file stays."""
        running = self.running()
        if running is None:
            return False
        send(running, signal.SIGKILL)
        return wait_gone(running, STOPPED_WITHIN)

    def _launch(self) -> Process:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for port in self.ports:
            if not is_free_within(port, 2):
                raise errors.port_taken(self.name, port, holder_of(port))
        self.prepare()
        self._said = {log: log.stat().st_size for log in self.logs() if log.exists()}
        process = spawn(self.command(), self.folder, self.log, self.environment(), self.account())
        self._record(process)
        return process

    def _becomes_ready(self, process: Process, until: float) -> bool:
        """True when it is ready; False when it ended and may be tried again."""
        while not self.is_ready():
            late = time.monotonic() > until
            if not is_alive(process):
                log, last = self._last_words()
                if late or not self.ended_too_early(last):
                    raise errors.server_failed(self.name, log, last)
                time.sleep(_POLL * 5)
                return False
            if late:
                raise errors.server_failed(self.name, self.logs()[0], "it runs but answers nobody")
            time.sleep(_POLL)
        return True

    def _last_words(self) -> tuple[Path, str]:
        """Why this start ended, as one of its logs says, and which."""
        lines = [
            (log, line.strip()[:300])
            for log in self.logs()
            for line in _since(log, self._said.get(log, 0))
        ]
        return _telling(lines) or (self.logs()[0], "it said nothing")

    def aside(self) -> Path:
        """A folder to make data in before it is renamed. No other start has it: the tool of one
        that was killed may still be writing into its own.
        """
        for left in self.folder.glob("new-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        return self.folder / f"new-{secrets.token_hex(4)}"

    def failed_to_make_data(self, output: str) -> Refusal:
        """Data could not be made; `output` is what the tool for it has printed."""
        self.log.write_text(output)
        told = _telling([(self.log, line.strip()[:300]) for line in output.splitlines()])
        return errors.server_failed(self.name, self.log, told[1] if told else "it said nothing")

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid.json"

    def _recorded(self) -> Process | None:
        try:
            found = json.loads(self._pid_file.read_bytes())
            return Process(int(found["pid"]), float(found["began"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _record(self, process: Process) -> None:
        written_whole(self._pid_file, json.dumps(process._asdict()))


def _telling(lines: Sequence[tuple[Path, str]]) -> tuple[Path, str] | None:
    """The line that says why: the first with a cause, else with trouble, else the last."""
    for wanted in (_CAUSE, _TROUBLE):
        for log, line in lines:
            if wanted.search(line):
                return log, line
    return lines[-1] if lines else None


def _since(log: Path, place: int) -> list[str]:
    """What was written into a log after a place."""
    if not log.exists():
        return []
    with log.open("rb") as written:
        written.seek(place)
        return written.read().decode(errors="replace").splitlines()


def written_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file so that readers see the old one or the new one, never a part."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)
