"""R22: an execution is reversed, newest first; what cannot be is told, and a crash is healed."""

from contextlib import closing
from pathlib import Path
from typing import Any

from aggregates import identity
from commands import firing
from commands.corrections import reversing
from commands.execution_control import reverse_execution
from commands.message import Command
from infra.store.open import open_store
from tests.support.world import World, account, base, package

OCTOBER = ("2020-10-01", "2020-10-31")
NOVEMBER = ("2020-11-01", "2020-11-30")
OF_DOCUMENT = ("number", "execution", "reverses", "reversed_by", "status", "balance")


def make(folder: Path, accounts: int, **more: Any) -> World:
    world = World(folder)
    held = [account(f"C-{n}", package(f"C-{n}/internet", "2020-09-01")) for n in range(accounts)]
    world.apply(base(accounts=held, **more))
    return world


def said(world: World, execution: str) -> list[dict[str, Any]]:
    found = world.invoices("--execution", execution)
    kept = [{k: v for k, v in one.items() if k not in OF_DOCUMENT} for one in found]
    return sorted(kept, key=lambda one: str(one["account"]))


def test_a_reversal_then_the_same_run_gives_the_same_invoices(tmp_path: Path) -> None:
    world = make(tmp_path, 5)
    world.must("account", "charge", "C-3", "9.00")
    execution = world.bill(*OCTOBER)
    before = said(world, execution)
    done = world.read("execution", "reverse", execution, "--yes")
    assert (done["status"], done["invoices_voided"], done["failures"]) == ("reversed", 5, [])
    assert world.read("execution", "show", execution)["status"] == "reversed"
    assert {one["status"] for one in world.invoices("--execution", execution)} == {"void"}
    again = world.bill(*OCTOBER)
    assert said(world, again) == before
    assert sum(float(total) for total in world.totals()) == 5 * 20 + 9
    assert world.refused("execution", "reverse", execution, "--yes") == "execution_reversed"
    assert world.refused("execution", "retry", execution) == "execution_reversed"
    for one in (execution, again):
        assert world.read("execution", "replay", one)["differences"] == []
    world.must("verify")


def test_one_invoice_is_told_as_one(tmp_path: Path) -> None:
    world = make(tmp_path, 1)
    execution = world.bill(*OCTOBER)
    told = world.must("execution", "reverse", execution, "--yes").out
    assert told.endswith("is reversed: 1 invoice voided, 1 package taken back.\n")


def test_an_invoice_that_is_not_the_latest_is_a_failure(tmp_path: Path) -> None:
    world = make(tmp_path, 2)
    first = world.bill(*OCTOBER)
    second = world.bill(*NOVEMBER)
    done = world.must("execution", "reverse", first, "--yes", "--json", status=3).json
    assert done["status"] == "completed"
    assert [one["code"] for one in done["failures"]] == ["invoice_not_latest"] * 2
    world.must("execution", "reverse", second, "--yes")
    done = world.read("execution", "reverse", first, "--yes")
    assert (done["status"], done["failures"]) == ("reversed", [])
    assert world.next_bill_date("C-0/internet") == "2020-10-01"
    world.must("verify")


def test_charges_that_wait_are_taken_back(tmp_path: Path) -> None:
    run = base()["bill_runs"][0]
    world = make(
        tmp_path, 2, bill_runs=[run, {**run, "name": "Charge", "actions": ["bill_packages"]}]
    )
    execution = world.bill(*OCTOBER, run="Charge")
    world.read("execution", "reverse", execution, "--yes")
    assert world.next_bill_date("C-1/internet") == "2020-10-01"
    world.bill(*OCTOBER)
    assert world.totals() == ["20.00", "20.00"]
    world.must("verify")


def test_a_reversal_whose_process_died_is_finished_by_the_next_run(tmp_path: Path) -> None:
    """Each chunk is one transaction: what a crash can leave is some chunks done, others not."""
    world = make(tmp_path, 130)
    execution = world.bill(*OCTOBER, "--catch-up", "all")
    stream = identity.parse(execution)
    with closing(open_store(world.url)) as store:
        command = Command("reverse_execution", "test", "1", {"execution": execution})
        reverse_execution(store, command, execution)
        with store.snapshot() as reading:
            found = reading.get("execution", stream)
            assert found is not None
        chunks = list(reversing.billed(store, stream, found.state))
        assert len(chunks) == 2
        reversing.reverse_chunk(store, stream, found.state, chunks[0])
        with store.snapshot() as reading:
            assert firing.reversing(reading) == [stream]
    voided = [one for one in world.invoices("--execution", execution) if one["status"] == "void"]
    assert 0 < len(voided) < 130
    again = world.bill(*OCTOBER, "--catch-up", "all")
    assert world.read("execution", "show", execution)["status"] == "reversed"
    assert len(world.invoices("--execution", again)) == 130
    with closing(open_store(world.url)) as store, store.snapshot() as reading:
        assert firing.reversing(reading) == []
    world.must("verify")


def test_a_running_or_unknown_execution_is_refused(tmp_path: Path) -> None:
    world = make(tmp_path, 1)
    assert world.refused("execution", "reverse", "0000abcd", "--yes") == "execution_unknown"
    execution = world.bill(*OCTOBER)
    assert world.refused("execution", "reverse", execution) == "not_confirmed"
