"""`billstream demo`, on files and on a server."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.cli import demo
from infra.cli.errors import guarded
from infra.cli.main import run
from tests.support.servers import drop_schema


@pytest.fixture(autouse=True)
def _one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "MONTHS", 1)


def _run(*words: str) -> int:
    return guarded(["demo", *words], lambda: run(["demo", *words]))


def _shows_it_all(shown: str) -> None:
    assert "20.00 USD of the child are 17.00 EUR" in shown
    assert shown.count("$ billstream verify") == 2
    assert "equal" in shown
    assert "differs" not in shown


def test_on_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--folder", str(tmp_path)) == 0
    _shows_it_all(capsys.readouterr().out)
    assert _run("--folder", str(tmp_path)) == 1
    assert capsys.readouterr().err.startswith("error: demo_exists: ")


def test_on_postgresql(
    postgres_url: str, postgres_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = postgres_url.rpartition("=")[2]
    try:
        assert _run("--database", postgres_url) == 0
        shown = capsys.readouterr().out
        _shows_it_all(shown)
        assert f"schema={schema}_telco' | head" in shown
        assert (urlsplit(postgres_url).password or "none") not in shown
        assert _run("--database", postgres_url) == 1
    finally:
        for name in ("small", "telco"):
            drop_schema(postgres_server, f"{schema}_{name}")


def test_a_file_is_named_by_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--database", "sqlite:///x.db") == 2
    assert "--folder" in capsys.readouterr().err
