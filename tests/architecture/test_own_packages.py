"""The program notices when another distribution has overwritten one of its rooms."""

import json
import sys
import tomllib
from importlib import invalidate_caches
from pathlib import Path

import pytest

from infra import own_packages
from infra.own_packages import ROOMS, overwritten, refuse_overwritten
from tests.support.sources import ROOT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rooms of made-up names, found before all others."""
    for room in ("roomone", "roomtwo"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text('"""Billstream: a room."""\n')
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    invalidate_caches()
    return tmp_path


def test_our_rooms_are_ours() -> None:
    assert overwritten() is None


def test_rooms_beside_each_other_are_fine(home: Path) -> None:
    assert overwritten(("roomone", "roomtwo"), home) is None


def test_a_room_with_another_first_line_is_not_ours(home: Path) -> None:
    (home / "roomtwo" / "__init__.py").write_text("VERSION = 3\n")
    message = overwritten(("roomone", "roomtwo"), home)
    assert message is not None
    assert "roomtwo" in message


def test_a_room_in_another_place_is_not_ours(home: Path, tmp_path: Path) -> None:
    message = overwritten(("roomone",), tmp_path / "elsewhere")
    assert message is not None
    assert str(home / "roomone") in message


def test_a_missing_room_is_told(home: Path) -> None:
    message = overwritten(("roomthree",), home)
    assert message is not None
    assert "roomthree of billstream is missing" in message


def test_it_is_refused_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(own_packages, "overwritten", lambda: "the package x is not ours")
    with pytest.raises(SystemExit) as ended:
        refuse_overwritten(["bill-run", "list", "--json"])
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: packages_overwritten: the package x is not ours; ")
    assert "environment of its own" in printed.err
    assert printed.err.count("\n") == 1
    assert json.loads(printed.out)["error"]["code"] == "packages_overwritten"


def test_the_rooms_that_are_looked_at_are_those_that_are_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert sorted(ROOMS) == project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
