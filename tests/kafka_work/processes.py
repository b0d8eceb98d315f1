"""Processes of `billstream run` over real servers, to be watched, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

PROGRAM = "from infra.cli.main import main; main()"


def wait_until(
    true: Callable[[], Any], seconds: float = 60, what: str = "", pause: float = 0.02
) -> Any:
    """The first true answer."""
    until = monotonic() + seconds
    while not (found := true()):
        assert monotonic() < until, f"not within {seconds} s: {what or true}"
        sleep(pause)
    return found


class Running:
    """A process of roles and its log."""

    def __init__(
        self,
        environment: Mapping[str, str],
        roles: Sequence[str],
        log: Path,
        more: Sequence[str] = (),
        program: str = PROGRAM,
    ) -> None:
        words = ["run", *roles, "--port", "0", "--resend-after", "2", *more]
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, *words],
                stdout=out,
                stderr=out,
                env={**os.environ, **environment},
            )

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """What was logged; with `event`, only those lines."""
        found: list[dict[str, Any]] = []
        for line in self.log.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
        return [line for line in found if not event or line["event"] == event]

    def said(self, words: str) -> bool:
        """It has written that somewhere."""
        return words in self.log.read_text(errors="replace")

    def ready(self, seconds: float = 60) -> "Running":
        """Waits until it is."""

        def look() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return bool(self.lines("ready"))

        wait_until(look, seconds, "ready")
        return self

    @property
    def port(self) -> int:
        return int(self.lines("ready")[-1]["port"])

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of its health server."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as found:
                return found.status, found.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 15) -> int:
        """Asks it to stop; its exit status."""
        self.process.terminate()
        return self.process.wait(seconds)


class Fleet:
    """Every process of a test; none outlives it."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder
        self.running: list[Running] = []

    def start(self, *roles: str, more: Sequence[str] = (), program: str = PROGRAM) -> Running:
        log = self.folder / f"{len(self.running)}-{'-'.join(roles)}.log"
        found = Running(self.environment, roles, log, more, program)
        self.running.append(found)
        return found

    def verb(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A verb in a process of its own."""
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *words: str) -> str:
        done = self.verb(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def end(self) -> None:
        for one in self.running:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                one.process.kill()
                one.process.wait()


@contextmanager
def fleet(environment: Mapping[str, str], folder: Path) -> Generator[Fleet]:
    found = Fleet(environment, folder)
    try:
        yield found
    except BaseException:
        for one in found.running:
            sys.stderr.write(f"--- {one.log.name}\n{one.log.read_text(errors='replace')[-4000:]}\n")
        raise
    finally:
        found.end()
