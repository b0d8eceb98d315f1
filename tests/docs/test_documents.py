"""The tutorial and the README's quick start do what they say."""

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.docs import shell
from tests.docs.executed import DOCUMENTS, comparable, executed
from tests.support.guide import GUIDE
from tests.support.known_settings import known_settings
from tests.support.sources import ROOT, named
from tests.support.verbs import understood

VARIABLE = re.compile(r"BILLSTREAM_[A-Z_]*[A-Z](?![A-Z_])")

EXAMPLES = {path.read_text() for path in (ROOT / "docs" / "examples").glob("*.yaml")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_prints_what_the_document_shows(document: Path) -> None:
    written = document.read_text()
    assert written.count("\n$ billstream ") >= 4
    assert comparable(executed(written)) == comparable(written), "`make docs` brings it up to date"


def test_every_command_typed_into_a_shell_prints_what_the_document_shows() -> None:
    """Real servers, all roles in the background, another program that sends a command."""
    written = shell.SHELL_DOCUMENT.read_text()
    now = shell.comparable(shell.executed(written))
    assert now == shell.comparable(written), "`make docs` brings it up to date"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_setup_file_that_is_shown_is_one_of_the_examples(document: Path) -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    assert [text for text in shown if text not in EXAMPLES] == []


def test_every_variable_in_a_document_is_a_real_setting() -> None:
    """But one of the examples' own; and the guide names every setting of Kafka."""
    said: set[str] = set()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        said |= set(VARIABLE.findall(path.read_text()))
    assert said - known_settings() == {"BILLSTREAM_SCHEMAS"}
    secured = {name for name in known_settings() if re.search("_SASL_|_SSL_|_REGISTRY_", name)}
    assert secured - set(VARIABLE.findall(GUIDE.read_text())) == set()


def _typed() -> list[tuple[str, str]]:
    """Every command line in a `console` block, with the document it stands in."""
    found: list[tuple[str, str]] = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in re.findall(r"```console\n(.*?)```", path.read_text(), re.DOTALL):
            for line in block.replace("\\\n", "").splitlines():
                if line.startswith("$ billstream "):
                    found.append((named(path), line.removeprefix("$ billstream ")))
    return found


@pytest.mark.parametrize(("document", "typed"), _typed())
def test_every_command_line_in_a_document_is_understood(document: str, typed: str) -> None:
    """Also where a document cannot be executed, because its ids or files are made up."""
    words = shlex.split(re.split(r" [|>] ", typed)[0])
    try:
        understood(words)
    except click.BadParameter as wrong:
        if "does not exist" not in str(wrong):  # a file may be made up, words may not
            raise
