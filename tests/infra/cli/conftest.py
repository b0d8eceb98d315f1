"""Command lines over a small past, one for all tests that only read."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import pytest

from infra.cli.errors import guarded
from infra.cli.main import run
from tests.support.past import Past, whole
from tests.support.servers import drop_schema


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


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def somewhere(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Path | str]]:
    """Where a database of a name may be made, of each kind."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("databases")
        yield lambda name: folder / f"{name}.db"
        return
    server: str = request.getfixturevalue("postgres_server")
    schema = f"t_{token_hex(6)}"
    yield lambda name: f"{server}?schema={schema}_{name}"
    for name in ("past", "nothing"):
        drop_schema(server, f"{schema}_{name}")


@pytest.fixture(scope="module")
def reader(somewhere: Callable[[str], Path | str]) -> Iterator[Reader]:
    past = whole(somewhere("past"))
    yield Reader(past.url)
    past.close()


@pytest.fixture(scope="module")
def nothing(somewhere: Callable[[str], Path | str]) -> Iterator[Reader]:
    past = Past(somewhere("nothing"))
    yield Reader(past.url)
    past.close()


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    found = Past(tmp_path / "past.db")
    yield found
    found.close()
