"""Firing what falls due over a real store, once, whoever is first (R5, R14)."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from aggregates.schedule import ScheduleFired, WindowSkipped
from commands.firing import due_schedules, fire, fire_due, next_due
from commands.schedules import (
    At,
    BillingPeriod,
    ChangeSchedule,
    Every,
    pause_schedule,
    resume_schedule,
)
from commands.store import Batch, Committed, Conflict
from infra.store.open import open_store
from infra.store.sqlite import SqliteStore
from tests.commands.schedules_support import (
    START,
    ask,
    executions,
    move_owner,
    new_store,
    periods,
    schedule,
)

MONTHLY = Every(every="FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path) as opened:
        yield opened


def toronto(written: str) -> datetime:
    return datetime.fromisoformat(f"{written}-04:00").astimezone(UTC)


def test_a_schedule_fires_when_it_is_due_and_not_before(store: SqliteStore) -> None:
    stream = ask(store, At(at="2020-10-20T06:00"))
    assert fire(store, stream, toronto("2020-10-20T05:59:59")) is None
    fired = fire(store, stream, toronto("2020-10-20T06:00"))
    assert fired is not None
    assert fired.execution == identity.execution(stream, "2020-10-20T06:00:00")
    assert fire(store, stream, toronto("2020-10-21T06:00")) is None
    assert periods(store) == [("2020-10-01", "2020-10-31")]


def test_r5_a_one_time_schedule_whose_time_has_passed_fires_at_once(store: SqliteStore) -> None:
    stream = ask(store, At(at="2019-01-01"))
    assert fire(store, stream, START) is not None


def test_the_execution_knows_its_schedule_and_who_asked(store: SqliteStore) -> None:
    stream = ask(store)
    fire_due(store, START)
    (execution,) = executions(store)
    assert (execution.status, execution.schedule) == ("queued", identity.text(stream))
    fired = store.stream(stream)[-1]
    assert isinstance(fired.event, ScheduleFired)
    assert fired.metadata["correlation"] == fired.event.execution


def test_r5_missed_recurrences_fire_once_as_the_latest(store: SqliteStore) -> None:
    stream = ask(store, MONTHLY)
    assert len(fire_due(store, toronto("2021-01-10T00:00"))) == 1
    assert periods(store) == [("2020-10-01", "2021-01-01")]
    assert schedule(store, stream).next_due == datetime.fromisoformat("2021-02-01T06:00")
    assert fire_due(store, toronto("2021-01-20T00:00")) == []


def test_r5_windows_follow_each_other(store: SqliteStore) -> None:
    ask(store, MONTHLY)
    for day in ("2020-11-01T08:00", "2020-12-01T08:00", "2021-01-01T08:00"):
        fire_due(store, toronto(day))
    assert periods(store) == [
        ("2020-10-01", "2020-11-01"),
        ("2020-11-02", "2020-12-01"),
        ("2020-12-02", "2021-01-01"),
    ]


def test_r5_a_window_that_starts_after_its_end_is_skipped(store: SqliteStore) -> None:
    stream = ask(store, MONTHLY, BillingPeriod.model_validate({"start": "2020-11-15"}))
    assert fire_due(store, toronto("2020-11-01T08:00")) == []
    assert isinstance(store.stream(stream)[-1].event, WindowSkipped)
    fire_due(store, toronto("2020-12-01T08:00"))
    assert periods(store) == [("2020-11-15", "2020-12-01")]


def test_r5_what_falls_due_while_paused_is_dropped(store: SqliteStore) -> None:
    stream = ask(store, MONTHLY)
    change = ChangeSchedule(schedule=identity.text(stream))
    pause_schedule(store, change, "test", "pause")
    assert fire_due(store, toronto("2020-12-05T00:00")) == []
    store.set_clock(toronto("2020-12-05T00:00"))
    resume_schedule(store, change, "test", "resume")
    assert fire_due(store, store.now()) == []
    fire_due(store, toronto("2021-01-01T08:00"))
    assert periods(store) == [("2020-10-01", "2021-01-01")]


def test_r5_a_paused_one_time_schedule_fires_when_resumed(store: SqliteStore) -> None:
    stream = ask(store, At(at="2020-10-20T06:00"))
    change = ChangeSchedule(schedule=identity.text(stream))
    pause_schedule(store, change, "test", "pause")
    assert fire_due(store, toronto("2020-10-25T00:00")) == []
    resume_schedule(store, change, "test", "resume")
    assert len(fire_due(store, toronto("2020-10-25T00:00"))) == 1


def test_a_recurrence_that_has_ended_is_done(store: SqliteStore) -> None:
    stream = ask(store, Every(every="FREQ=DAILY;COUNT=2"))
    fire_due(store, toronto("2020-10-16T00:00"))
    assert schedule(store, stream).status == "pending"
    fire_due(store, toronto("2020-10-17T00:00"))
    assert schedule(store, stream).status == "done"
    assert len(executions(store)) == 2


def test_the_longest_waiting_is_fired_first(store: SqliteStore) -> None:
    late = ask(store, At(at="2020-10-20T06:00"), id="late")
    early = ask(store, At(at="2020-10-19T06:00"), id="early")
    ask(store, At(at="2020-10-21T06:00"), id="later")
    assert [due.schedule for due in due_schedules(store, toronto("2020-10-20T06:00"))] == [
        early,
        late,
    ]
    first = next_due(store)
    assert first is not None
    assert first.schedule == early


def test_an_owner_who_moves_never_bills_a_day_twice(store: SqliteStore) -> None:
    stream = ask(store, Every(every="FREQ=DAILY;BYHOUR=2"))
    fire_due(store, toronto("2020-10-16T02:00"))
    move_owner(store, "America/Los_Angeles")
    # Found in the old zone, fired there; the same local time comes again three hours later.
    assert len(fire_due(store, toronto("2020-10-17T02:00"))) == 1
    assert fire_due(store, toronto("2020-10-17T05:00")) == []
    assert isinstance(store.stream(stream)[-1].event, WindowSkipped)
    assert len(fire_due(store, toronto("2020-10-18T05:00"))) == 1


class Overtaken(SqliteStore):
    """Somebody else fires the schedule between our reading and our writing."""

    other: SqliteStore
    contested: StreamId

    def append(self, batch: Batch) -> Committed:
        fire(self.other, self.contested, START)
        return super().append(batch)


def test_who_comes_second_finds_nothing_due(store: SqliteStore) -> None:
    stream = ask(store)
    with closing(Overtaken(store.path, 60)) as slow:
        slow.other, slow.contested = store, stream
        assert fire(slow, stream, START) is None
    assert len(executions(store)) == 1


def test_a_schedule_that_never_comes_to_rest_is_given_up(store: SqliteStore) -> None:
    stream = ask(store)

    class Restless(SqliteStore):
        def append(self, batch: Batch) -> Committed:
            raise Conflict

    with closing(Restless(store.path, 60)) as restless, pytest.raises(Refusal, match="busy"):
        fire(restless, stream, START)


def _fire_all(url: str, ready: Barrier) -> None:
    with open_store(url) as store:
        ready.wait(30)
        while due_schedules(store, START):
            fire_due(store, START)


def test_four_processes_fire_each_schedule_once(store: SqliteStore) -> None:
    streams = {ask(store, id=str(number)) for number in range(25)}
    processes = get_context("spawn")
    ready = processes.Barrier(4)
    url = f"sqlite:///{store.path}"
    workers = [processes.Process(target=_fire_all, args=(url, ready)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert len(executions(store)) == len(streams)
    for stream in streams:
        assert [recorded.type for recorded in store.stream(stream)] == [
            "bill_run.scheduled",
            "schedule.fired",
        ]
