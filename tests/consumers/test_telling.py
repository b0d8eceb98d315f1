"""Schedulers tell how far executions are: one of them, once a second, and the end for certain."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aggregates.identity import StreamId, text
from commands.execution_control import ChangeExecution, cancel_execution
from commands.executions import (
    finish_execution,
    open_running,
    run_chunk,
    start_execution,
)
from consumers.remaining import Remaining
from consumers.telling import EVERY, LEFT, TAKE_OVER, Telling, Turn, Turns
from infra.run.turns import StoredTurns
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from schemas.progress import ExecutionProgress
from tests.support import seed

CHUNKS = 4
LATER = 0.25
"""Seconds between two steps of a scheduler."""

BEGINNING = datetime(2020, 11, 1, tzinfo=UTC)


class Heard:
    """A topic that takes everything, unless it is away."""

    def __init__(self) -> None:
        self.said: list[ExecutionProgress] = []
        self.away = False
        self.closed = False

    def announce(self, progress: ExecutionProgress) -> None:
        if not self.away:
            self.said.append(progress)

    def has_arrived(self, execution: str) -> bool:
        return any(one.execution == execution and one.is_last for one in self.said)

    def close(self) -> None:
        self.closed = True


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)


class Scheduler:
    """As much of one as telling meets: it follows what runs and looks before it tells."""

    def __init__(self, store: OwnedStore, topic: Heard, clock: Clock, me: str) -> None:
        self._store = store
        self._clock = clock
        turns = StoredTurns(store.views_database(), me)
        self.turns: Turns = turns
        self.telling = Telling(store, turns, topic, me, clock.now, clock)
        self.followed: dict[StreamId, Remaining] = {}

    def step(self, *running: StreamId) -> None:
        for execution in running:
            if execution not in self.followed:
                self.followed[execution] = Remaining(self._store, execution, self._clock)
            self.followed[execution].look()
        for execution in set(self.followed) - set(running):
            del self.followed[execution]
        self.telling.step(self.followed)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnedStore]:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with closing(open_store(url, create=True)) as found:
        seed.set_up(found)
        seed.add_accounts(found, 40)
        yield found


@pytest.fixture
def execution(store: OwnedStore, monkeypatch: pytest.MonkeyPatch) -> StreamId:
    """One that has been started, of some chunks."""
    monkeypatch.setattr("commands.billing.scope.PACKAGES_A_CHUNK", 40 // CHUNKS)
    found = seed.queue(store, date(2020, 10, 1), date(2020, 10, 31))
    assert start_execution(store, found).chunks == CHUNKS
    return found


def bill(store: OwnedStore, execution: StreamId, index: int, worker: str = "w:1") -> None:
    running = open_running(store, execution)
    running.worker = worker
    assert run_chunk(store, running, index) is not None


def end(store: OwnedStore, execution: StreamId) -> Any:
    return finish_execution(store, open_running(store, execution))


def test_a_run_is_told_from_its_beginning_to_its_end(
    store: OwnedStore, execution: StreamId
) -> None:
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    for step in range(CHUNKS * 8):
        if step % 8 == 5:
            bill(store, execution, step // 8, f"w:{step // 8 % 2}")
        scheduler.step(execution)
        clock.seconds += LATER
    state = end(store, execution)
    scheduler.step()
    *running, last = topic.said
    assert [one.chunks_done for one in running] == [0, 0, 1, 1, 2, 2, 3, 3]
    gaps = {later.at - one.at for one, later in pairwise(running)}
    assert gaps == {timedelta(seconds=EVERY)}
    assert {one.status for one in running} == {"running"}
    assert running[-1].packages_per_second == 4
    assert running[-1].remaining_seconds == 3
    assert [w.chunks_done for w in running[-1].workers] == [2, 1]
    assert (last.status, last.chunks_done, last.remaining_seconds) == ("completed", CHUNKS, 0)
    counts = state.counts
    assert (last.packages_billed, last.cycles_billed, last.invoices_generated, last.failed) == (
        (counts.packages_billed, counts.cycles_billed, counts.invoices_generated, counts.failed)
    )
    assert sum(worker.packages_billed for worker in last.workers) == 40
    clock.seconds += 60
    scheduler.step()
    assert topic.said[-1] == last
    assert len(topic.said) == 9
    assert scheduler.turns.all() == {}


def test_of_two_schedulers_one_tells_and_the_other_takes_over(
    store: OwnedStore, execution: StreamId
) -> None:
    topic, clock = Heard(), Clock()
    one, other = (Scheduler(store, topic, clock, name) for name in ("one", "other"))
    for _ in range(12):
        one.step(execution)
        other.step(execution)
        clock.seconds += LATER
    assert len(topic.said) == 3
    bill(store, execution, 0)
    alone = clock.seconds
    while len(topic.said) == 3:  # one has died
        other.step(execution)
        clock.seconds += LATER
    assert TAKE_OVER - 4 * LATER <= clock.seconds - alone <= TAKE_OVER + LATER
    assert topic.said[-1].chunks_done == 1
    one.step(execution)  # it was only paused: it is not its turn any more
    assert len(topic.said) == 4
    for _ in range(8):
        other.step(execution)
        one.step(execution)
        clock.seconds += LATER
    assert len(topic.said) == 6
    assert {turn.teller for turn in other.turns.all().values()} == {"other"}


def test_a_scheduler_that_comes_back_goes_on_where_history_is(
    store: OwnedStore, execution: StreamId
) -> None:
    topic, clock = Heard(), Clock()
    Scheduler(store, topic, clock, "dead").step(execution)
    for index in range(3):
        bill(store, execution, index)
    back = Scheduler(store, topic, clock, "back")
    while len(topic.said) == 1:
        back.step(execution)
        clock.seconds += LATER
    assert (topic.said[-1].chunks_done, topic.said[-1].packages_per_second) == (3, None)


def test_the_end_is_told_even_when_nobody_followed_it(
    store: OwnedStore, execution: StreamId
) -> None:
    """The scheduler died, workers ended the run, and a scheduler comes much later."""
    topic, clock = Heard(), Clock()
    Scheduler(store, topic, clock, "dead").step(execution)
    for index in range(CHUNKS):
        bill(store, execution, index)
    end(store, execution)
    late = Scheduler(store, topic, clock, "late")
    began = clock.seconds
    while not topic.has_arrived(text(execution)):
        late.step()
        clock.seconds += LATER
        assert clock.seconds - began < LEFT * 2
    assert topic.said[-1].chunks_done == CHUNKS
    assert [one.packages_billed for one in topic.said[-1].workers] == [40]
    clock.seconds += LEFT
    late.step()
    assert late.turns.all() == {}


def test_the_end_is_told_again_until_it_arrives(store: OwnedStore, execution: StreamId) -> None:
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    scheduler.step(execution)
    topic.away = True
    for index in range(CHUNKS):
        bill(store, execution, index)
    end(store, execution)
    for _ in range(int(3 * TAKE_OVER / LATER)):
        scheduler.step()
        clock.seconds += LATER
    assert len(topic.said) == 1
    topic.away = False
    for _ in range(int(3 * TAKE_OVER / LATER)):
        scheduler.step()
        clock.seconds += LATER
    assert [one.status for one in topic.said] == ["running", "completed"]


def test_a_cancelled_run_says_what_was_billed(store: OwnedStore, execution: StreamId) -> None:
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    bill(store, execution, 0)
    scheduler.step(execution)
    message = ChangeExecution(execution=text(execution), requested_by="me")
    command = message.command("cancel_execution", "test", "1")
    cancel_execution(store, command, text(execution))
    end(store, execution)
    scheduler.step()
    clock.seconds += EVERY
    scheduler.step()
    last = topic.said[-1]
    assert (last.status, last.chunks_done, last.packages_billed, last.left_behind) == (
        ("cancelled", 1, 10, 30)
    )


def test_what_goes_wrong_is_nobodys_trouble(store: OwnedStore, execution: StreamId) -> None:
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    database = store.views_database()
    database.execute("ALTER TABLE progress_turns RENAME TO progress_turns_gone")
    scheduler.step(execution)
    assert topic.said == []
    database.execute("ALTER TABLE progress_turns_gone RENAME TO progress_turns")
    clock.seconds += TAKE_OVER
    scheduler.step(execution)
    assert len(topic.said) == 1
    scheduler.telling.close()
    assert topic.closed


def test_one_that_cannot_be_told_does_not_keep_the_others_from_it(
    store: OwnedStore, execution: StreamId
) -> None:
    """A row of a history that is not this one."""
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    scheduler.turns.begin(b"\0" * 15 + b"\1")
    scheduler.step(execution)
    assert [one.execution for one in topic.said] == [text(execution)]
    assert set(scheduler.turns.all()) == {execution}


def test_a_row_that_another_scheduler_took_away_stays_away(
    store: OwnedStore, execution: StreamId
) -> None:
    """It has told the end already; who still follows the run begins nothing anew."""
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    scheduler.step(execution)
    scheduler.turns.end(execution)
    for _ in range(8):
        clock.seconds += LATER
        scheduler.step(execution)
    assert (len(topic.said), scheduler.turns.all()) == (1, {})


def test_a_run_that_ends_while_it_is_followed(store: OwnedStore, execution: StreamId) -> None:
    """Between the look of the scheduler and the telling: the last message misses nothing."""
    topic, clock = Heard(), Clock()
    scheduler = Scheduler(store, topic, clock, "one")
    scheduler.step(execution)
    for index in range(CHUNKS):
        bill(store, execution, index)
    end(store, execution)
    clock.seconds += EVERY
    scheduler.telling.step(scheduler.followed)
    last = topic.said[-1]
    assert (last.status, last.chunks_done) == ("completed", CHUNKS)
    assert sum(one.packages_billed for one in last.workers) == last.packages_billed == 40


def test_nobody_takes_the_same_turn_twice(store: OwnedStore, execution: StreamId) -> None:
    one, other = (StoredTurns(store.views_database(), name) for name in ("one", "other"))
    one.begin(execution)
    other.begin(execution)
    assert one.all() == {execution: Turn("", 0)}
    assert one.take(execution, Turn("", 0)) == Turn("one", 1)
    assert other.take(execution, Turn("", 0)) is None
    assert other.take(execution, Turn("one", 1)) == Turn("other", 2)
    assert one.take(execution, Turn("one", 1)) is None
    one.begin(execution)
    assert one.all() == {execution: Turn("other", 2)}
    one.end(execution)
    assert other.all() == {}
    assert other.take(execution, Turn("other", 2)) is None
