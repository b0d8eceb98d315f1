"""Documents that are executed: every command in a `console` block is run, and printed again with
what it gave. A document is right when it reads the same afterwards.

Commands run in this process, in a new folder with a copy of `docs/examples`; a line that ends with
a backslash goes on in the next one.
"""

import io
import os
import re
import shlex
import shutil
from collections.abc import Generator, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.cli.errors import guarded
from infra.cli.main import run
from tests.support.sources import ROOT

DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "clerks-month.md",
)

_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "ROOT"),
    (re.compile(r"in \d+\.\d+ s \([\d,]+ events/s\)"), "in SECONDS (RATE)"),
    (re.compile(r"in \d+\.\d+ s\b"), "in SECONDS"),
)
"""Speed, and the root of history, which has random keys in it. Everything else is the same on every
computer: ids follow from what things are, times from the sandbox's clock.
"""


def comparable(text: str) -> str:
    """The text without what differs from one execution to the next."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def executed(document: str) -> str:
    """The document with the output that its commands give now."""
    with TemporaryDirectory() as folder, with_examples(Path(folder)):
        return "\n".join(_lines(iter(document.splitlines()))) + "\n"


def refreshed(document: str) -> str:
    """The same, but unchanged when only the varying parts differ."""
    now = executed(document)
    return document if comparable(now) == comparable(document) else now


@contextmanager
def with_examples(folder: Path) -> Generator[None]:
    """Works in the folder, with a copy of the examples and no settings but who asks."""
    shutil.copytree(ROOT / "docs" / "examples", folder / "docs" / "examples")
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("BILLSTREAM_")]:
        del os.environ[name]
    os.environ["BILLSTREAM_REQUESTED_BY"] = "operator"
    try:
        with chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line == "```console":
            yield from _block(lines)


def _block(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("$ "):
            typed = [line]
            while typed[-1].endswith("\\"):
                typed.append(next(lines))
            yield from typed
            yield from _printed("\n".join(typed)[2:])
        elif line == "```":
            yield line
            return


def _printed(typed: str) -> list[str]:
    words = shlex.split(typed.replace("\\\n", ""))
    if words[0] != "billstream":
        raise ValueError(f"a console block runs billstream, not {words[0]}")
    both = io.StringIO()
    with redirect_stdout(both), redirect_stderr(both):
        guarded(words[1:], lambda: run(words[1:]))
    return [line.rstrip() for line in both.getvalue().splitlines()]
