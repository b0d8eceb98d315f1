"""The tutorial and the README's quick start do what they say."""

import re
from pathlib import Path

import pytest

from tests.docs.executed import DOCUMENTS, comparable, executed
from tests.support.sources import ROOT

EXAMPLES = {path.read_text() for path in (ROOT / "docs" / "examples").glob("*.yaml")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_prints_what_the_document_shows(document: Path) -> None:
    written = document.read_text()
    assert written.count("\n$ billstream ") >= 4
    assert comparable(executed(written)) == comparable(written), "`make docs` brings it up to date"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_setup_file_that_is_shown_is_one_of_the_examples(document: Path) -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    assert [text for text in shown if text not in EXAMPLES] == []
