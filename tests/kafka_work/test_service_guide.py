"""The examples of the service developer's guide, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kafka_work.processes import Fleet, wait_until
from tests.kafka_work.runs import assert_billed_once, count, seeded
from tests.support.sources import ROOT

GUIDE = (ROOT / "docs" / "service-guide.md").read_text()
ACCOUNTS = 25


def example(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """kafkajs and avsc, as npm brings them."""
    folder = tmp_path_factory.mktemp("node")
    words = ["npm", "install", "--no-audit", "--no-fund", "--silent", "kafkajs@2", "avsc@5"]
    subprocess.run(words, cwd=folder, check=True, timeout=120)
    return folder


def run_example(fleet: Fleet, words: list[str], folder: Path) -> None:
    seeded(fleet, ACCOUNTS)
    fleet.start("all").ready()
    told = {**os.environ, **fleet.environment, "BILLSTREAM_SCHEMAS": str(ROOT / "schemas/avro")}
    done = subprocess.run(
        [*words, str(ACCOUNTS)],
        cwd=folder,
        env=told,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    reply, invoices = done.stdout.splitlines()
    assert reply == "reply accepted"
    assert re.fullmatch(rf"invoices {ACCOUNTS} INV-0000\d\d 2000", invoices)
    # Its invoices come a moment before the end of the run does.
    wait_until(lambda: count(fleet, "execution.completed"), what="the end of the execution")
    assert_billed_once(fleet, ACCOUNTS)


def test_the_example_in_python(owner: Fleet, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(example("python"))
    run_example(owner, [sys.executable, "service.py"], tmp_path)


def test_the_example_in_javascript(owner: Fleet, node_modules: Path) -> None:
    (node_modules / "service.js").write_text(example("javascript"))
    run_example(owner, ["node", "service.js"], node_modules)
