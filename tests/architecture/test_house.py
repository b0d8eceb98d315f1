"""The house: six rooms, each with its README, made of small files with names of their own."""

import sys

import pytest

from infra.own_packages import FIRST_WORD, ROOMS
from tests.support.sources import ROOT, functions, named, sources

MOST_LINES = 400
MOST_LINES_A_FUNCTION = 60
MOST_LINES_A_README = 30

LONG_FUNCTIONS: set[str] = set()
"""Exceptions, as `file:function`. Each needs a reason beside it."""

SAME_NAME = {"aggregates/chunk.py", "infra/store/numbers.py"}
"""Words of the field that the standard library has too. Inside a package they hide nothing; no
code imports the standard ones (`chunk` has left the library).
"""


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_a_package_with_a_short_readme(room: str) -> None:
    first_line = (ROOT / room / "__init__.py").read_bytes()
    assert first_line.startswith(FIRST_WORD)
    readme = (ROOT / room / "README.md").read_text().splitlines()
    assert readme[0] == f"# {room}"
    assert len(readme) <= MOST_LINES_A_README


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in sources(*ROOMS, "tests")}
    assert [
        named(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ] == []


def test_nothing_takes_the_name_of_a_standard_module() -> None:
    """As a module of the top level it would hide the standard one; below, it misleads readers."""
    names = {path: path.parent.name if path.stem == "__init__" else path.stem for path in sources()}
    taken = {named(path) for path, name in names.items() if name in sys.stdlib_module_names}
    assert taken - SAME_NAME == set()


def test_no_file_is_long() -> None:
    counts = {named(path): len(path.read_text().splitlines()) for path in sources(*ROOMS, "tests")}
    assert {name: lines for name, lines in counts.items() if lines > MOST_LINES} == {}


def test_no_function_is_long() -> None:
    found = {
        f"{named(path)}:{name}": lines
        for path in sources(*ROOMS, "tests")
        for name, lines in functions(path)
        if lines > MOST_LINES_A_FUNCTION
    }
    assert set(found) == LONG_FUNCTIONS, found


def test_nothing_is_unfinished() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
    found = [
        f"{named(path)}:{number}"
        for path in sources(*ROOMS, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(word in line for word in words)
    ]
    assert found == []
