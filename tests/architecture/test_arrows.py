"""The arrows between the rooms go one way (the contracts stand in pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

from tests.support.sources import ROOT


def test_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
