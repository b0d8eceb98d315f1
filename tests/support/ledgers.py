"""Real programs of plain-text accounting that read what `ledger export` writes."""

import shutil
import subprocess
import sys
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path

import pytest

REMEDY = (
    "hledger is needed to check the journal for it, and is not there: install it (Debian and "
    "Ubuntu: `apt-get install hledger`, macOS: `brew install hledger`), then run the tests again"
)


def bean_check(path: Path) -> str:
    """What Beancount says against a ledger; nothing when it is right."""
    found = subprocess.run(
        [Path(sys.executable).with_name("bean-check"), path],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout + found.stderr


def hledger(path: Path, *words: str) -> str:
    """What hledger prints for a journal; it must end well."""
    found = subprocess.run(
        [_hledger(), "-f", path, *words], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@cache
def _hledger() -> str:
    """The program: as installed, else Debian's package, unpacked beside the tests' interpreter."""
    installed = shutil.which("hledger")
    if installed:
        return installed
    folder = Path(sys.prefix) / "hledger"
    program = folder / "usr" / "bin" / "hledger"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not program.exists():
            _unpack(folder)
    if not program.exists():
        pytest.fail(REMEDY)
    return str(program)


def _unpack(folder: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.fail(REMEDY)
    words = ["apt-get", "download", "hledger"]
    fetched = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.fail(f"{REMEDY}\n{fetched.stderr}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
