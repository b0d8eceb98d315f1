"""The program on a terminal of 80 columns, as somebody who sits there sees it."""

import os
import pty
import re
import select
import subprocess
import sys
from time import monotonic
from types import TracebackType
from typing import Self

PROGRAM = "from infra.cli.main import main; main()"


class Terminal:
    """One command line. What it draws comes as lines; how it moves the cursor is left out."""

    def __init__(self, *words: str) -> None:
        self._main, other = pty.openpty()
        told = {**os.environ, "COLUMNS": "80", "LINES": "30", "TERM": "xterm"}
        told.pop("NO_COLOR", None)
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            stdin=other,
            stdout=other,
            stderr=other,
            env=told,
        )
        os.close(other)
        self.written = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    @property
    def lines(self) -> list[str]:
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", self.written.decode(errors="replace"))
        return [line.rstrip() for line in plain.splitlines() if line.strip()]

    def until(self, pattern: str, seconds: float = 60) -> None:
        """Reads on until some line is like this."""
        late = monotonic() + seconds
        while not any(re.match(pattern, line) for line in self.lines):
            assert monotonic() < late, (pattern, self.lines)
            assert self._read(1.0), (pattern, self.lines)

    def end(self) -> int:
        """Reads until the program has ended; its status."""
        while self._read(60.0):
            pass
        return self._process.wait(60)

    def _read(self, seconds: float) -> bool:
        """False when there is nothing more to come."""
        if not select.select([self._main], [], [], seconds)[0]:
            return True
        try:
            some = os.read(self._main, 65536)
        except OSError:  # the other end is closed: Linux's way to say so
            return False
        self.written += some
        return bool(some)
