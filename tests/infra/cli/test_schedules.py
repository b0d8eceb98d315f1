"""The verbs that schedule bill runs and move the clock, as an operator types them (R2, R5)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregates.identity import StreamId, text
from commands.firing import fire
from commands.schedules import At
from infra.cli import watching
from infra.cli.errors import guarded
from infra.cli.main import run
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.commands.schedules_support import START, ask, executions, new_store, periods

OCTOBER = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
MONTHLY = ("--every", "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6", "--period-start", "2020-10-01")


class Operator:
    """Types command lines at the small setup, on 15 October 2020 at 09:07 in Toronto."""

    def __init__(self, store: OwnedStore, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self._capsys = capsys
        self._url = store.url
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        line = [*words, "--database", self._url]
        status = guarded(line, lambda: run(line))
        self.out, self.err = self._capsys.readouterr()
        return status

    def schedule(self, *words: str, run: str = "Default") -> int:
        return self("bill-run", "schedule", run, *words)

    def json(self, *words: str) -> Any:
        assert self(*words, "--json") == 0, self.err
        return json.loads(self.out)

    @property
    def code(self) -> str:
        """The code of the one line on stderr."""
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("error: ").split(":")[0]


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    with new_store(tmp_path) as store:
        yield Operator(store, capsys)


def test_now_says_that_it_is_scheduled_and_runs_to_the_end(operator: Operator) -> None:
    assert operator.schedule("--now", *OCTOBER) == 0
    notice, outcome = operator.out.splitlines()[:2]
    assert notice.startswith("Bill run Default is scheduled to run now (schedule ")
    assert outcome.endswith("completed.")
    assert [state.status for state in executions(operator.store)] == ["completed"]


def test_now_as_json_is_one_document(operator: Operator) -> None:
    found = operator.json("bill-run", "schedule", "Default", "--now", *OCTOBER)
    assert (found["status"], found["execution"]["status"]) == ("done", "completed")
    assert found["execution"]["schedule"] == found["id"]


def test_a_time_that_has_passed_runs_at_once(operator: Operator) -> None:
    assert operator.schedule("--at", "2020-10-01T06:00", *OCTOBER) == 0
    assert "completed." in operator.out


def test_a_time_to_come_is_only_scheduled(operator: Operator) -> None:
    assert operator.schedule("--at", "2020-11-01T06:00", *OCTOBER) == 0
    assert "is scheduled to run at 2020-11-01 06:00 America/Toronto" in operator.out
    assert "`billstream clock advance` fires it" in operator.out
    assert executions(operator.store) == []


def test_wait_follows_until_its_time_has_come_and_it_has_ended(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        operator.store.set_clock(operator.store.now() + timedelta(hours=1))

    monkeypatch.setattr("infra.cli.scheduling.time.sleep", sleep)
    assert operator.schedule("--at", "2020-10-15T12:00", *OCTOBER, "--wait") == 0
    assert operator.out.splitlines()[1].endswith("completed.")
    assert naps == [watching.LOOK_AGAIN] * 3


def test_the_same_command_twice_runs_once(operator: Operator) -> None:
    for _ in range(2):
        assert operator.schedule("--now", *OCTOBER, "--command-id", "october") == 0
        assert "completed." in operator.out
    assert len(executions(operator.store)) == 1


def test_a_schedule_that_another_process_fired_is_followed_to_its_end(operator: Operator) -> None:
    stream = ask(operator.store, id="elsewhere")
    fire(operator.store, stream, START)
    assert operator.schedule("--now", *OCTOBER) == 0
    assert "was left running; finishing it" in operator.err
    assert {state.status for state in executions(operator.store)} == {"completed"}


def test_one_account_is_billed(operator: Operator) -> None:
    assert operator("account", "bill", "in-ours", "--bill-run", "Default", "--now", *OCTOBER) == 0
    assert "Bill run Default for account in-ours is scheduled to run now" in operator.out
    assert executions(operator.store)[0].account == "in-ours"


def test_advancing_the_clock_fires_each_at_its_own_time(operator: Operator) -> None:
    operator.schedule(*MONTHLY)
    operator.schedule("--at", "2020-10-20T06:00", *OCTOBER)
    assert operator("clock", "advance", "--to", "2020-12-24") == 0
    assert periods(operator.store) == [
        ("2020-10-01", "2020-10-31"),
        ("2020-10-01", "2020-11-01"),
        ("2020-11-02", "2020-12-01"),
    ]
    lines = operator.out.splitlines()
    assert [line[:16] for line in lines[:6:2]] == [
        "2020-10-20 06:00",
        "2020-11-01 06:00",
        "2020-12-01 06:00",
    ]
    assert lines[-1] == "It is 2020-12-24T00:00:00-05:00. Executions: 3. Windows skipped: 0."


def test_advancing_the_clock_as_json(operator: Operator) -> None:
    operator.schedule(*MONTHLY)
    found = operator.json("clock", "advance", "--to", "2020-11-02")
    assert [ended["status"] for ended in found["executions"]] == ["completed"]
    assert (found["now"], found["skipped"]) == ("2020-11-02T00:00:00-05:00", 0)


def test_the_clock_is_shown(operator: Operator) -> None:
    assert operator.json("clock", "show") == {
        "now": "2020-10-15T09:07:03-04:00",
        "time_zone": "America/Toronto",
        "sandbox": True,
    }
    assert operator("clock", "show") == 0
    assert "a sandbox's" in operator.out


def test_a_clock_is_never_set_back(operator: Operator) -> None:
    assert operator("clock", "advance", "--to", "2020-10-15T09:07:02") == 1
    assert operator.code == "clock_goes_back"
    assert operator.store.now() == START


def test_the_computers_clock_is_not_advanced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(f"sqlite:///{tmp_path / 'real.db'}", create=True) as store:
        operator = Operator(store, capsys)
        assert operator("clock", "advance", "--to", "2999-01-01") == 1
        assert operator.code == "not_a_sandbox"
        assert operator.json("clock", "show")["time_zone"] == "UTC"


def pending(operator: Operator) -> StreamId:
    return ask(operator.store, At(at="2020-11-01T06:00"))


def test_r2_pause_resume_and_cancel_by_the_first_digits_of_the_id(operator: Operator) -> None:
    id = text(pending(operator))
    assert operator("bill-run", "pause", id[:8]) == 0
    assert operator.out == f"Schedule {id} of bill run Default is paused.\n"
    assert operator("bill-run", "resume", id) == 0
    assert "goes on, at 2020-11-01 06:00 America/Toronto." in operator.out
    assert operator.json("bill-run", "cancel", id)["status"] == "cancelled"
    assert operator("bill-run", "cancel", id) == 1
    assert operator.code == "schedule_cancelled"


def test_a_paused_schedule_does_not_fire(operator: Operator) -> None:
    id = text(pending(operator))
    operator("bill-run", "pause", id)
    operator("clock", "advance", "--to", "2020-11-05")
    assert executions(operator.store) == []
    operator("bill-run", "resume", id)
    operator("clock", "advance", "--to", "2020-11-06")
    assert periods(operator.store) == [("2020-10-01", "2020-10-31")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--now", "--period-start", "2020-10-31", "--period-end", "2020-10-01"],
         "period_end_before_start"),
        (["--now", "--period-start", "2020-10-31"], "period_end_missing"),
        ([*MONTHLY, "--period-end", "2020-10-31"], "period_end_with_recurrence"),
        (["--now", *OCTOBER, "--catch-up", "0"], "catch_up_invalid"),
        (["--every", "FREQ=SECONDLY", "--period-start", "2020-10-01"], "recurrence_too_frequent"),
        (["--every", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "--period-start", "2020-10-01"],
         "recurrence_never_fires"),
        (["--every", "monthly", "--period-start", "2020-10-01"], "recurrence_invalid"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_one_line(
    operator: Operator, words: list[str], code: str
) -> None:
    before = operator.store.head
    assert operator.schedule(*words) == 1
    assert operator.code == code
    assert operator.store.head == before


def test_unknown_names_are_refused(operator: Operator) -> None:
    assert operator.schedule("--now", *OCTOBER, run="Defualt") == 1
    assert operator.code == "bill_run_unknown"
    bill = ("account", "bill", "--bill-run", "Default", "--now", *OCTOBER)
    assert operator(*bill, "nobody") == 1
    assert operator.code == "account_unknown"
    assert operator(*bill, "in-theirs") == 1
    assert operator.code == "account_not_in_bill_run"
    assert operator("bill-run", "pause", "12345678") == 1
    assert operator.code == "schedule_unknown"


@pytest.mark.parametrize(
    "words",
    [
        OCTOBER,
        ("--now", "--at", "2020-11-01", *OCTOBER),
        ("--at", "2020-02-30T06:00", *OCTOBER),
        ("--at", "soon", *OCTOBER),
        ("--now", "--period-start", "2020-02-30", "--period-end", "2020-03-31"),
        ("--now",),
        (*MONTHLY, "--wait"),
        ("--now", *OCTOBER, "--colour"),
    ],
)
def test_wrong_usage_ends_with_status_2(operator: Operator, words: tuple[str, ...]) -> None:
    assert operator.schedule(*words) == 2
    assert operator.code == "wrong_usage"


def test_a_refusal_as_json(operator: Operator) -> None:
    assert operator.schedule("--now", *OCTOBER, "--json", run="Nothing") == 1
    error = json.loads(operator.out)["error"]
    assert (error["code"], error["details"]) == ("bill_run_unknown", {"bill_run": "Nothing"})
