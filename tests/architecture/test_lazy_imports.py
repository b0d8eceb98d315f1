"""A verb imports what it needs and no more: that is why small verbs are quick."""

import subprocess
import sys
from pathlib import Path

from tests.support.sources import ROOT

HEAVY = (
    "pydantic",
    "sqlalchemy",
    "yaml",
    "dateutil",
    "rich",
    "cryptography",
    "iso4217",
    "psutil",
    "fastavro",
    "tenacity",
)

PROGRAM = f"""
import sys
from infra.start import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write("|" + " ".join(name for name in {HEAVY} if name in sys.modules) + "|")
"""


def _heavy(folder: Path, *words: str) -> list[str]:
    """The heavy libraries that a command line has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.rpartition("|")[0].rpartition("|")[2].split()


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert _heavy(tmp_path, "--help") == []


def test_reading_imports_nothing_heavy(tmp_path: Path) -> None:
    """Once views have caught up; deciphering names into them needs cryptography."""
    _heavy(tmp_path, "init", "--sandbox", "--clock", "2020-10-05T09:00")
    _heavy(tmp_path, "apply", str(ROOT / "docs" / "examples" / "company.yaml"))
    assert _heavy(tmp_path, "account", "list") == ["cryptography"]
    assert _heavy(tmp_path, "account", "search", "child") == []
    assert _heavy(tmp_path, "bill-run", "completed", "--json") == []
