"""Without Kafka too an invoicer that ends every process that bills it is found and named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.harness import RUN, Existing, seeded
from tests.kafka_work.deadly import DEADLY

PROGRAM = "import sys; from tests.kafka_work.deadly import main; sys.exit(main())"
ACCOUNTS = 12
DIED, WITH_FAILURES = 9, 3


def _bill(url: str, *words: str) -> int:
    """The program with the fault built in, in a process of its own."""
    line = [sys.executable, "-c", PROGRAM, *words, "--database", url]
    environment = {**os.environ, "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS": ""}
    return subprocess.run(line, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_invoicer_that_ends_its_process_is_named_at_last(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'billstream.db'}"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    seeded(url, ACCOUNTS)
    assert _bill(url, *RUN) == DIED
    world = Existing(url)
    (left,) = world.read("history", "list", "--type", "execution.started")
    execution = left["stream"].rpartition(":")[2]
    for _ in range(3):
        assert _bill(url, "execution", "resume", execution) == DIED
    assert _bill(url, "execution", "resume", execution) == WITH_FAILURES
    (failure,) = world.read("execution", "failures", execution)
    assert (failure["invoicer"], failure["code"]) == (DEADLY, "worker_died")
    assert len(world.invoices()) == ACCOUNTS - 1
    world.must("execution", "replay", execution)
    world.must("verify")
