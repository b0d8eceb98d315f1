"""Asking for bill runs over a real store (R2, R3, R5, design decisions 14, 15)."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from aggregates import identity
from aggregates.refusal import Refusal
from commands.schedules import (
    At,
    BillAccount,
    BillingPeriod,
    ChangeSchedule,
    Every,
    ScheduleBillRun,
    bill_account,
    cancel_schedule,
    find_schedule,
    pause_schedule,
    resume_schedule,
    schedule_bill_run,
)
from infra.store.sqlite import SqliteStore
from tests.commands.schedules_support import FROM_OCTOBER, OCTOBER, START, ask, new_store, schedule


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path) as opened:
        yield opened


def refused(store: SqliteStore, action: Callable[[], object]) -> str:
    """The code; and nothing was written."""
    before = store.head.position
    with pytest.raises(Refusal) as caught:
        action()
    assert store.head.position == before
    return caught.value.code


def test_now_is_due_at_once(store: SqliteStore) -> None:
    state = schedule(store, ask(store))
    assert (state.status, state.next_at, state.timing.kind) == ("pending", START, "now")


def test_at_a_local_time(store: SqliteStore) -> None:
    state = schedule(store, ask(store, At(at="2020-11-01T01:30")))
    assert state.next_at == datetime(2020, 11, 1, 5, 30, tzinfo=UTC)
    assert state.timing.at == state.next_due


def test_a_recurrence_falls_due_after_the_command(store: SqliteStore) -> None:
    state = schedule(store, ask(store, Every(every="rrule:freq=daily;byhour=9;byminute=7")))
    assert state.next_at == datetime(2020, 10, 16, 13, 7, tzinfo=UTC)
    assert state.timing.rule == "FREQ=DAILY;BYHOUR=9;BYMINUTE=7"


def test_the_answer_names_the_schedule_and_the_execution_to_be(store: SqliteStore) -> None:
    message = ScheduleBillRun(bill_run="Default", billing_period=OCTOBER)
    result = schedule_bill_run(store, message, "crm", "77").result
    stream = identity.schedule(identity.command("crm", "77"))
    assert result["schedule"] == identity.text(stream)
    assert result["execution"] == identity.text(identity.execution(stream, "2020-10-15T09:07:03"))


def test_the_same_command_twice_schedules_once(store: SqliteStore) -> None:
    message = ScheduleBillRun(bill_run="Default", billing_period=OCTOBER)
    first = schedule_bill_run(store, message, "crm", "1")
    again = schedule_bill_run(store, message, "crm", "1")
    assert (again.result, again.changed, again.repeated) == (first.result, False, True)
    with store.snapshot() as reading:
        assert len(list(reading.all_of("schedule"))) == 1


def test_the_same_command_with_another_body_is_refused(store: SqliteStore) -> None:
    ask(store, id="1")
    assert refused(store, lambda: ask(store, Every(every="FREQ=DAILY"))) == "command_id_reused"


def test_the_message_as_other_services_send_it(store: SqliteStore) -> None:
    body = {
        "bill_run": "Default",
        "timing": {"every": "FREQ=MONTHLY;BYMONTHDAY=1"},
        "billing_period": {"start": "2020-10-01"},
        "catch_up": 3,
        "requested_by": "crm",
    }
    outcome = schedule_bill_run(store, ScheduleBillRun.model_validate(body), "crm", "1")
    state = schedule(store, identity.parse(outcome.result["schedule"]))
    assert (state.catch_up, state.requested_by) == ("3", "crm")
    assert store.stream(identity.parse(outcome.result["schedule"]))[0].metadata["requested_by"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timing": "soon"},
        {"timing": {"at": "2020-10-31T06:00", "every": "FREQ=DAILY"}},
        {"billing_period": {"start": "2020-02-30", "end": "2020-03-31"}},
        {"billing_period": {}},
        {"catch_up": 1.5},
        {"colour": "red"},
    ],
)
def test_a_message_of_the_wrong_shape_is_none(wrong: dict[str, object]) -> None:
    good = {"bill_run": "Default", "billing_period": {"start": "2020-10-01", "end": "2020-10-31"}}
    assert ScheduleBillRun.model_validate(good)
    with pytest.raises(ValidationError):
        ScheduleBillRun.model_validate({**good, **wrong})


BACKWARDS = BillingPeriod(start=date(2020, 10, 31), end=date(2020, 10, 1))


@pytest.mark.parametrize(
    ("timing", "period", "code"),
    [
        ("now", BACKWARDS, "period_end_before_start"),
        ("now", FROM_OCTOBER, "period_end_missing"),
        (Every(every="FREQ=DAILY"), OCTOBER, "period_end_with_recurrence"),
        (Every(every="FREQ=SECONDLY"), FROM_OCTOBER, "recurrence_too_frequent"),
        (Every(every="FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"), FROM_OCTOBER,
         "recurrence_never_fires"),
        (Every(every="whenever"), FROM_OCTOBER, "recurrence_invalid"),
        (At(at="2021-02-30T06:00"), OCTOBER, "time_invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    store: SqliteStore, timing: str | At | Every, period: BillingPeriod, code: str
) -> None:
    assert refused(store, lambda: ask(store, timing, period)) == code


def test_an_unknown_bill_run_is_refused(store: SqliteStore) -> None:
    assert refused(store, lambda: ask(store, bill_run="Defualt")) == "bill_run_unknown"


def single(store: SqliteStore, account: str) -> str:
    message = BillAccount(account=account, bill_run="Default", billing_period=OCTOBER)
    return bill_account(store, message, "test", account).result["schedule"]


def test_r3_one_account_of_the_runs_groups_is_billed(store: SqliteStore) -> None:
    assert schedule(store, identity.parse(single(store, "in-ours"))).account == "in-ours"


def test_r3_an_account_outside_the_runs_groups_is_refused(store: SqliteStore) -> None:
    assert refused(store, lambda: single(store, "in-theirs")) == "account_not_in_bill_run"


def test_r3_an_unknown_account_is_refused(store: SqliteStore) -> None:
    assert refused(store, lambda: single(store, "nobody")) == "account_unknown"


def change(action: Callable[..., object], store: SqliteStore, id: str) -> Callable[[], object]:
    return lambda: action(store, ChangeSchedule(schedule=id), "test", f"{action.__name__}-{id}")


def test_r2_a_schedule_is_paused_resumed_and_cancelled(store: SqliteStore) -> None:
    stream = ask(store, Every(every="FREQ=DAILY"))
    id = identity.text(stream)
    change(pause_schedule, store, id)()
    assert schedule(store, stream).status == "paused"
    store.set_clock(datetime(2020, 10, 20, 12, tzinfo=UTC))
    change(resume_schedule, store, id)()
    state = schedule(store, stream)
    assert (state.status, state.next_due) == ("pending", datetime.fromisoformat("2020-10-21"))
    change(cancel_schedule, store, id)()
    assert schedule(store, stream).status == "cancelled"
    again = ChangeSchedule(schedule=id)
    cancel = refused(store, lambda: cancel_schedule(store, again, "test", "other"))
    assert cancel == "schedule_cancelled"


@pytest.mark.parametrize("id", ["nothing", "00000000-0000-8000-8000-000000000000", ""])
@pytest.mark.parametrize("action", [pause_schedule, resume_schedule, cancel_schedule])
def test_an_unknown_schedule_is_refused(
    store: SqliteStore, action: Callable[..., object], id: str
) -> None:
    assert refused(store, change(action, store, id)) == "schedule_unknown"


def test_a_schedule_is_found_by_its_id(store: SqliteStore) -> None:
    stream = ask(store)
    with store.snapshot() as reading:
        assert find_schedule(reading, identity.text(stream))[0] == stream
        with pytest.raises(Refusal, match="schedule_unknown"):
            find_schedule(reading, identity.text(b"\x00" * 16))
