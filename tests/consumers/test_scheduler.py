"""The scheduler's loop, with a sandbox's clock and with a clock of its own (R5)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregates.identity import StreamId
from commands.firing import fire
from commands.schedules import At, Every
from consumers.scheduler import run, run_until
from infra.store.sqlite import SqliteStore
from tests.commands.schedules_support import START, ask, executions, new_store, periods


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with new_store(tmp_path) as opened:
        yield opened


def nothing() -> None:
    """There is nothing left behind."""


def until(day: int, hour: int = 12) -> datetime:
    return datetime(2020, 10, day, hour, tzinfo=UTC)


def test_the_clock_stands_at_each_due_time_while_it_is_executed(store: SqliteStore) -> None:
    ask(store, At(at="2020-10-18T06:00"), id="one")
    ask(store, Every(every="FREQ=DAILY;BYHOUR=6"), id="daily")
    ask(store, At(at="2020-10-25T06:00"), id="too late")
    seen: list[datetime] = []
    done = run_until(store, until(18), lambda _: seen.append(store.now()), nothing)
    assert seen == [until(16, 10), until(17, 10), until(18, 10), until(18, 10)]
    assert len(done) == 4
    assert store.now() == until(18)


def test_each_execution_ends_before_the_next_schedule_fires(store: SqliteStore) -> None:
    ask(store, Every(every="FREQ=DAILY"))
    queued: list[int] = []
    run_until(store, until(18), lambda _: queued.append(len(executions(store))), nothing)
    assert queued == [1, 2, 3]
    assert periods(store)[1] == ("2020-10-17", "2020-10-17")


def test_what_is_overdue_fires_first_without_setting_the_clock_back(store: SqliteStore) -> None:
    ask(store, At(at="2019-01-01"))
    times: list[datetime] = []
    run_until(store, until(16), lambda _: times.append(store.now()), nothing)
    assert times == [START]


def test_a_skipped_window_executes_nothing(store: SqliteStore) -> None:
    ask(store, Every(every="FREQ=DAILY;BYHOUR=6,18"))
    ran: list[StreamId] = []
    done = run_until(store, until(16, 23), ran.append, nothing)
    assert len(ran) == 2
    assert [fired.execution is None for fired in done] == [False, False, True]


def test_what_a_dead_process_left_is_finished_first(store: SqliteStore) -> None:
    ask(store)
    order: list[str] = []
    run_until(store, until(16), lambda _: order.append("run"), lambda: order.append("recover"))
    assert order == ["recover", "run"]


class Clocked(SqliteStore):
    """A store whose clock the test moves."""

    at = START

    def now(self) -> datetime:
        return self.at


class Alarm:
    """Sleeping moves the clock; after a while somebody stops the scheduler."""

    def __init__(self, store: Clocked, waits: int, then: Callable[[], object]) -> None:
        self.store, self.waits, self.then = store, waits, then
        self.slept: list[float] = []

    def is_set(self) -> bool:
        return len(self.slept) >= self.waits

    def wait(self, timeout: float) -> bool:
        self.slept.append(timeout)
        self.store.at += timedelta(seconds=timeout)
        self.then()
        return self.is_set()


def test_it_sleeps_until_the_next_is_due_but_never_longer_than_it_polls(
    store: SqliteStore,
) -> None:
    ask(store, At(at="2020-10-15T09:07:15"))
    ran: list[datetime] = []
    with closing(Clocked(store.path, 60)) as clocked:
        alarm = Alarm(clocked, 4, nothing)
        run(clocked, lambda _: ran.append(clocked.at), nothing, alarm, poll=5)
    assert alarm.slept == [5, 5, 2, 5]
    assert ran == [START + timedelta(seconds=12)]


def test_it_finds_what_was_scheduled_while_it_slept(store: SqliteStore) -> None:
    ran: list[StreamId] = []
    with closing(Clocked(store.path, 60)) as clocked:
        alarm = Alarm(clocked, 2, lambda: ask(store))
        run(clocked, ran.append, nothing, alarm)
    assert len(ran) == 1


def test_it_looks_for_what_was_left_behind_every_time(store: SqliteStore) -> None:
    recovered: list[int] = []
    with closing(Clocked(store.path, 60)) as clocked:
        alarm = Alarm(clocked, 3, nothing)
        run(clocked, lambda _: None, lambda: recovered.append(1), alarm)
    assert len(recovered) == 3


def test_it_goes_on_when_another_scheduler_was_faster(store: SqliteStore) -> None:
    stream = ask(store)
    ran: list[StreamId] = []
    with closing(Clocked(store.path, 60)) as clocked:
        alarm = Alarm(clocked, 1, nothing)
        run(clocked, ran.append, lambda: _overtake(store, stream), alarm)
    assert ran == []
    assert len(executions(store)) == 1


def _overtake(store: SqliteStore, stream: StreamId) -> None:
    fire(store, stream, START)
