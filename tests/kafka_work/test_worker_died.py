"""An invoicer that ends its worker is found and named; everybody else is billed."""

import json

from tests.kafka_work.deadly import DEADLY
from tests.kafka_work.processes import Fleet
from tests.kafka_work.runs import assert_billed_once, count, ended, queue, seeded, state_of

PROGRAM = "import sys; from tests.kafka_work.deadly import main; sys.exit(main())"
ACCOUNTS = 40


def test_a_chunk_that_kills_three_workers_is_taken_apart(owner: Fleet) -> None:
    seeded(owner, ACCOUNTS)
    owner.start("scheduler").ready()
    execution = queue(owner)
    deaths = 0
    while deaths < 3:
        worker = owner.start("worker", more=("--session-timeout", "6"), program=PROGRAM)
        assert worker.process.wait(60) == 9
        deaths += 1
        assert state_of(owner, execution).status == "running"
    survivor = owner.start("worker", more=("--session-timeout", "6"), program=PROGRAM)
    state = ended(owner, execution)
    assert (state.status, state.counts.failed) == ("completed_with_failures", 1)
    assert state.counts.invoices_generated == ACCOUNTS - 1
    assert_billed_once(owner, ACCOUNTS, failed=1)
    assert survivor.process.poll() is None
    found = survivor.lines("invoicers that end their worker")
    assert [line["invoicers"] for line in found] == [[DEADLY]]
    shown = owner.must("execution", "failures", execution_text(owner), "--json")
    assert '"worker_died"' in shown
    assert owner.verb("execution", "replay", execution_text(owner)).returncode == 0
    assert survivor.stop() == 0
    owner.start("worker").ready()
    again = owner.verb("execution", "retry", execution_text(owner), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["invoices_generated"] == 1
    assert count(owner, "chunk.billed") == 2


def execution_text(fleet: Fleet) -> str:
    """The id of the only execution."""
    (found,) = json.loads(fleet.must("bill-run", "completed", "--json"))
    return str(found["id"])
