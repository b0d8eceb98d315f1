"""Command lines over a small past, one for all tests that only read."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.cli.errors import guarded
from infra.cli.main import run
from tests.support.past import Past, whole


class Said(NamedTuple):
    status: int
    out: str
    err: str


class Reader:
    """Runs reading verbs over one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, *words: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        line = [*words, "--database", self.url]
        with redirect_stdout(out), redirect_stderr(err):
            status = guarded(line, lambda: run(line))
        return Said(status, out.getvalue(), err.getvalue())

    def table(self, *words: str) -> list[str]:
        said = self.ask(*words)
        assert said.status == 0, said
        assert max(map(len, said.out.splitlines()), default=0) <= 80, said.out
        return said.out.splitlines()

    def json(self, *words: str) -> Any:
        said = self.ask(*words, "--json")
        assert (said.status, said.err) == (0, ""), said
        return json.loads(said.out)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    past = whole(Path(tmp_path_factory.mktemp("past")) / "past.db")
    yield Reader(past.url)
    past.close()


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    past = Past(Path(tmp_path_factory.mktemp("nothing")) / "empty.db")
    yield Reader(past.url)
    past.close()


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    found = Past(tmp_path / "past.db")
    yield found
    found.close()
