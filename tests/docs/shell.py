"""A document that is executed in a shell: its `console` blocks, typed into one bash, with real
servers and processes in the background. A `python` block that begins with the name of a file, as
`# ask.py`, is that file.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.executed import comparable as comparable_output
from tests.docs.executed import with_examples
from tests.support.sources import ROOT

SHELL_DOCUMENT = ROOT / "docs" / "tutorial-grown-up.md"

LONGEST = 240.0
"""Seconds until the whole of it is given up."""

_NEXT = "\x1e"
"""Printed before each command, so that outputs can be told apart."""

_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}…"), "ID"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"^(relay|projector|commands|worker) +[\d,]+ +[\d,.]+$", re.MULTILINE), r"\1 LAG"),
)


def comparable(text: str) -> str:
    """The text without what differs from one execution to the next."""
    text = comparable_output(text)
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def executed(document: str) -> str:
    """The document with the output that its commands give now."""
    with TemporaryDirectory() as name, with_examples(Path(name)):
        folder = Path(name)
        for file, text in re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", document, re.M | re.S):
            (folder / file).write_text(text)
        outputs = iter(_outputs(list(_typed(document)), folder))
        return "\n".join(_lines(document.splitlines(), outputs)) + "\n"


def refreshed(document: str) -> str:
    """The same, but unchanged when only the varying parts differ."""
    now = executed(document)
    return document if comparable(now) == comparable(document) else now


def _typed(document: str) -> Iterator[str]:
    for block in re.findall(r"^```console\n(.*?)^```$", document, re.M | re.S):
        yield from re.findall(r"^\$ (.*)$", block, re.M)


def _lines(lines: list[str], outputs: Iterator[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if inside and line != "```" and not line.startswith("$ "):
            continue
        yield line
        if inside and line.startswith("$ "):
            yield from (said.rstrip() for said in next(outputs).splitlines())
        inside = line == "```console" or (inside and line != "```")


def _outputs(commands: list[str], folder: Path) -> list[str]:
    """What each command prints, on either output. Nothing of it is left running."""
    script = ["trap 'kill $(jobs -p) 2>/dev/null; wait; billstream stack down >/dev/null' EXIT"]
    for command in commands:
        script += [f"printf '{_NEXT}'", command]
    bin = Path(sys.executable).parent
    path = f"{bin}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        # Whatever else runs on this computer, a port is free.
        env={**os.environ, "PATH": path, "BILLSTREAM_HTTP_ADDRESS": "127.0.0.1:0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            out, _ = shell.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            _end(shell, folder, path)
            raise
    return out.split(_NEXT)[1:]


def _end(shell: subprocess.Popen[str], folder: Path, path: str) -> None:
    """Ends a shell that takes too long, with all that it started."""
    os.killpg(shell.pid, signal.SIGKILL)
    stop = [str(Path(sys.executable).with_name("billstream")), "stack", "down"]
    subprocess.run(stop, cwd=folder, env={**os.environ, "PATH": path}, check=False)
