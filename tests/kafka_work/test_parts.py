"""The parts of a spread run by themselves: what is sent, taken, tried again, given up."""

from collections.abc import Collection
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aggregates.execution import FINISHED
from aggregates.identity import StreamId, text
from aggregates.refusal import Refusal
from commands.billing import scope
from commands.execution_control import reverse_execution
from commands.message import Command
from commands.store import Conflict
from consumers.apart import unreadable
from consumers.remaining import Remaining
from consumers.role import Unavailable
from consumers.spreading import Spreading
from consumers.work import Taken, Work, decode, encode
from consumers.working import Working
from infra.run import faults
from infra.run.attempts import StoredAttempts
from infra.run.metrics import WINDOW, Metrics, Rate
from infra.run.standby import Standby
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.infra.store.tampering import by_hand, rows_by_hand
from tests.support import seed

OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


class Line:
    """Sends to itself: what a scheduler sends a worker takes."""

    def __init__(self) -> None:
        self.work: list[Work] = []
        self.closed = 0

    def send(self, work: Any) -> None:
        self.work += work

    def take(self, wait: float) -> Taken | None:
        return Taken(self.work.pop(0), None) if self.work else None

    def done(self, taken: Taken) -> None:
        pass

    def again(self, taken: Taken) -> None:
        assert taken.work is not None
        self.work.insert(0, taken.work)

    def close(self) -> None:
        self.closed += 1


class Lives:
    """Processes that die with certain invoicers."""

    def __init__(self, numbers: list[str], deadly: Collection[str], store: OwnedStore) -> None:
        self.numbers = numbers
        self.deadly = set(deadly)
        self.store = store
        self.tried = 0

    def invoicers(self, work: Work) -> list[str]:
        return self.numbers

    def lives(self, work: Work, only: Collection[str]) -> bool:
        self.tried += 1
        return not self.deadly & set(only)

    def bills(self, work: Work, died: Collection[str]) -> bool:
        from commands.executions import open_running, run_chunk

        if self.deadly - set(died):
            return False
        run_chunk(self.store, open_running(self.store, work.execution), work.chunk, died)
        return True


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with closing(open_store(f"sqlite:///{tmp_path / 'billstream.db'}", create=True)) as found:
        seed.set_up(found)
        seed.add_accounts(found, 12)
        yield found


def spread(store: OwnedStore, line: Line) -> tuple[Spreading, StreamId]:
    execution = seed.queue(store, *OCTOBER)
    scheduler = Spreading(store, line, lambda _: None, resend=0.0)
    assert scheduler.step()
    return scheduler, execution


def worker_of(store: OwnedStore, line: Line, isolation: Any = None) -> Working:
    return Working(store, line, StoredAttempts(store.views_database()), isolation, wait=0)


def status_of(store: OwnedStore, execution: StreamId) -> str:
    with store.snapshot() as reading:
        found: Any = reading.get("execution", execution)
    return str(found.state.status)


def test_a_reversal_is_done_chunk_by_chunk_between_other_things(
    store: OwnedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schedules are fired and runs begun meanwhile; who takes over goes on where it stopped."""
    monkeypatch.setattr(scope, "PACKAGES_A_CHUNK", 4)
    line = Line()
    scheduler, execution = spread(store, line)
    while status_of(store, execution) not in FINISHED:
        worker_of(store, line).step()
        scheduler.step()
    command = Command("reverse_execution", "test", "1", {}, "tester")
    reverse_execution(store, command, text(execution))
    for reversed in (1, 2):
        scheduler.step()
        assert _count(store, "reversal.chunk_reversed") == reversed
        assert status_of(store, execution) == "completed"
    other = seed.queue(store, *OCTOBER, "meanwhile")
    scheduler.step()
    assert status_of(store, other) == "running"
    heir = Spreading(store, line, lambda _: None, resend=0.0)
    while status_of(store, execution) != "reversed":
        heir.step()
    assert _count(store, "reversal.chunk_reversed") == 3
    assert _count(store, "invoice.voided") == 12


def _count(store: OwnedStore, type: str) -> int:
    return [one.type for one in store.log(0, 10_000)].count(type)


def test_work_goes_over_the_wire_and_nonsense_is_none() -> None:
    work = Work(bytes(range(16)), 3)
    assert decode(encode(work)) == work
    assert work.key.endswith("/3")
    for nonsense in (None, b"", b"{}", b"\xff", b'{"execution": "x", "chunk": 1}'):
        assert decode(nonsense) is None


def test_lost_work_is_sent_again_and_anyone_ends_the_run(store: OwnedStore) -> None:
    line = Line()
    scheduler, execution = spread(store, line)
    sent = list(line.work)
    line.work.clear()
    scheduler.step()
    assert line.work == sent
    worker = worker_of(store, line)
    line.work += sent
    while line.work:
        assert worker.step()
    assert worker.step()
    assert status_of(store, execution) == "completed"
    assert worker.step() is False
    assert scheduler.step() is False
    scheduler.close()
    worker.close()
    assert line.closed == 2


def test_the_scheduler_ends_what_workers_have_billed(store: OwnedStore) -> None:
    line = Line()
    scheduler, execution = spread(store, line)
    worker = worker_of(store, line)
    while line.work:
        worker.step()
    assert scheduler.step()
    assert status_of(store, execution) == "completed"


def test_work_of_executions_that_are_over_or_unknown_is_dropped(store: OwnedStore) -> None:
    line = Line()
    scheduler, execution = spread(store, line)
    worker = worker_of(store, line)
    line.work += [Work(bytes(16), 0), Work(execution, 99)]
    while line.work:
        worker.step()
    scheduler.step()
    assert status_of(store, execution) == "completed"
    assert Remaining(store, execution).look()


def test_three_deaths_take_a_chunk_apart(store: OwnedStore) -> None:
    line = Line()
    _, execution = spread(store, line)
    (work,) = line.work
    for _ in range(3):
        StoredAttempts(store.views_database()).begin(work)
    numbers = [f"A-{n}" for n in range(12)]
    isolation = Lives(numbers, {"A-3", "A-11"}, store)
    worker = worker_of(store, line, isolation)
    worker.step()
    worker.step()
    with store.snapshot() as reading:
        found: Any = reading.get("execution", execution)
    counts = found.state.counts
    assert (found.state.status, counts.failed) == ("completed_with_failures", 2)
    assert counts.invoices_generated == 10
    assert isolation.tried < 30
    assert StoredAttempts(store.views_database()).begin(work) == 0


class Refused(Lives):
    """Processes that end before they can say which invoicers there are."""

    def invoicers(self, work: Work) -> list[str]:
        raise unreadable(work)


def test_a_chunk_that_is_refused_keeps_no_other_waiting(
    store: OwnedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "PACKAGES_A_CHUNK", 4)
    line = Line()
    scheduler, execution = spread(store, line)
    for _ in range(3):
        StoredAttempts(store.views_database()).begin(line.work[0])
    worker = worker_of(store, line, Refused([], (), store))
    while line.work:
        assert worker.step()
    assert _count(store, "chunk.billed") == 2
    scheduler.step()
    assert [work.chunk for work in line.work] == [0]
    mended = worker_of(store, line, Lives([f"A-{n}" for n in range(12)], (), store))
    assert mended.step()
    scheduler.step()
    assert status_of(store, execution) == "completed"


def test_an_execution_that_cannot_be_read_keeps_no_other_waiting(store: OwnedStore) -> None:
    line = Line()
    _, execution = spread(store, line)
    started = f"stream = x'{execution.hex()}' AND version = 2"
    ((payload,),) = rows_by_hand(store, f"SELECT hex(payload) FROM events WHERE {started}")
    by_hand(store, f"UPDATE events SET payload = x'7b' WHERE {started}")
    other = seed.queue(store, *OCTOBER, "other")
    scheduler, worker = Spreading(store, line, lambda _: None, resend=0.0), worker_of(store, line)
    for _ in range(3):
        scheduler.step()
        worker.step()
    assert (status_of(store, execution), status_of(store, other)) == ("running", "completed")
    by_hand(store, f"UPDATE events SET payload = x'{payload}' WHERE {started}")
    scheduler = Spreading(store, line, lambda _: None, resend=0.0)
    for _ in range(3):
        scheduler.step()
        worker.step()
    assert status_of(store, execution) == "completed"


def test_an_attempt_that_comes_back_does_not_count(store: OwnedStore) -> None:
    work = Work(bytes(16), 0)
    one, other = (StoredAttempts(store.views_database()) for _ in range(2))
    assert (one.begin(work), one.begin(work), other.begin(work)) == (0, 0, 1)
    one.end(work)
    assert other.begin(work) == 0


def test_which_faults_pass() -> None:
    for passing in (
        Unavailable("x"),
        Conflict("x"),
        Refusal("busy", "x"),
        StoreError("database_unreachable", "x"),
    ):
        assert faults.passes(passing)
    for lasting in (
        ValueError("x"),
        Refusal("topic_missing", "x"),
        StoreError("database_newer", "x"),
    ):
        assert not faults.passes(lasting)
    assert all(0 < faults.backoff(n) <= faults.MOST for n in range(1, 100))


def test_a_fenced_relay_stands_by_and_takes_over() -> None:
    now, opened, at = [0.0], [0], [(10, True)]

    class Fenced:
        name = "relay"

        def step(self) -> bool:
            if opened[0] == 1:
                raise Refusal("relay_fenced", "another one")
            return True

        def close(self) -> None:
            pass

    def open_role() -> Fenced:
        opened[0] += 1
        return Fenced()

    def pause(seconds: float) -> None:
        now[0] += seconds

    relay = Standby(open_role, lambda: at[0], pause, still=3, clock=lambda: now[0])
    assert [relay.step() for _ in range(3)] == [False, False, False]
    at[0] = (11, True)
    assert [relay.step() for _ in range(3)] == [False, False, False]
    assert opened[0] == 1
    while opened[0] == 1:
        relay.step()
    assert now[0] >= 6
    assert relay.step()
    relay.close()


def test_accounts_a_second_are_those_of_late() -> None:
    now = [0.0]
    rate = Rate(lambda: now[0])
    rate.add(30)
    assert rate.now() == 30 / WINDOW
    now[0] = WINDOW + 1
    assert rate.now() == 0
    metrics = Metrics()
    metrics.add("failures", 2)
    metrics.lag("relay", 3, 0.5)
    assert b"billstream_failures_total 2.0" in metrics.shown()
