"""Histories that executions of an older form began: they wrote down what counts (R31)."""

from datetime import date
from pathlib import Path

import pytest

from aggregates import execution
from commands.executions import start_execution
from consumers.worker import run_execution
from tests.rules.half_way import opened
from tests.rules.support import DECEMBER, NOVEMBER, OCTOBER
from tests.rules.under_contract import (
    closed,
    contract,
    counted,
    events_of,
    fees,
    signed,
    sound,
    two_days,
    void_latest,
)
from tests.support import seed

JANUARY = ("2021-01-01", "2021-01-31")
DEC_1 = date(2020, 12, 1)


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize("last", ["Default", "Plain"])
def test_what_older_executions_wrote_down_counts_beside_what_newer_ones_charge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int, last: str
) -> None:
    """The running period holds a charge of each: a second package is billed by the newer one."""
    world = signed(tmp_path, contract(), accounts=two_days())
    monkeypatch.setattr(execution, "FORM", form)
    world.bill(*OCTOBER)
    world.bill("2020-11-01", "2020-11-10", run=last)
    monkeypatch.undo()
    older = len(events_of(world, "contract.counted"))
    assert older == (2 if form == 0 or last == "Plain" else 1)
    assert counted(world) == ("40.00" if last == "Plain" else "20.00")
    world.bill("2020-11-11", "2020-11-30", run="Plain")
    assert counted(world) == "40.00"
    world.bill(*DECEMBER)
    assert closed(world) == [("2020-10-01", "40.00", "60.00"), ("2020-11-01", "40.00", "60.00")]
    world.bill(*JANUARY)
    assert closed(world)[2:] == [("2020-12-01", "40.00", "60.00")]
    assert len(events_of(world, "contract.counted")) == older
    sound(world)


@pytest.mark.parametrize("form", [0, 1])
def test_what_older_executions_wrote_down_is_taken_off_in_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int
) -> None:
    world = signed(tmp_path, contract())
    monkeypatch.setattr(execution, "FORM", form)
    world.bill(*OCTOBER)
    monkeypatch.undo()
    void_latest(world)
    written = events_of(world, "contract.counted")
    assert [one["counted"][0]["amount"] for one in written] == [2000, -2000]
    assert counted(world) == "0.00"
    world.bill(*OCTOBER)
    assert counted(world) == "20.00"
    void_latest(world)
    world.bill(*OCTOBER)
    assert len(events_of(world, "contract.counted")) == 2
    world.bill(*NOVEMBER)
    assert closed(world) == [("2020-10-01", "20.00", "80.00")]
    sound(world)


@pytest.mark.parametrize("form", [0, 1])
def test_an_older_execution_that_is_taken_up_again_later_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int
) -> None:
    """It began before newer ones and writes down what it charges after them."""
    world = signed(tmp_path, contract(), accounts=two_days())
    monkeypatch.setattr(execution, "FORM", form)
    with opened(world) as store:
        older = seed.queue(store, date(2020, 12, 10), date(2020, 12, 20), "older")
        start_execution(store, older)
        monkeypatch.undo()
        for first, last in ((date(2020, 10, 1), date(2020, 11, 30)), (DEC_1, DEC_1)):
            newer = seed.queue(store, first, last, f"newer {first}", catch_up="all")
            assert run_execution(store, newer).counts.failed == 0
        assert counted(world) == "20.00"
        run_execution(store, older)
    assert len(events_of(world, "contract.counted")) == 1
    assert counted(world) == "40.00"
    world.bill(*JANUARY)
    assert closed(world)[2:] == [("2020-12-01", "40.00", "60.00")]
    assert fees(world)[-1][1:] == ("2020-12-01", "60.00")
    sound(world)


@pytest.mark.parametrize("form", [0, 1])
def test_an_older_execution_that_closes_a_period_counts_what_newer_ones_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: int
) -> None:
    world = signed(tmp_path, contract(), accounts=two_days())
    monkeypatch.setattr(execution, "FORM", form)
    with opened(world) as store:
        older = seed.queue(store, date(2020, 11, 1), date(2020, 11, 30), "older")
        start_execution(store, older)
        monkeypatch.undo()
        newer = seed.queue(store, date(2020, 10, 1), date(2020, 10, 31), "newer")
        assert run_execution(store, newer).counts.failed == 0
        run_execution(store, older)
    assert closed(world) == [("2020-10-01", "40.00", "60.00")]
    (found,) = events_of(world, "contract.period_closed")
    assert "counted_to" not in found
    assert counted(world) == "40.00"
    world.bill(*DECEMBER)
    assert closed(world)[1:] == [("2020-11-01", "40.00", "60.00")]
    sound(world)
