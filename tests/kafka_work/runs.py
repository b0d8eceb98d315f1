"""Runs over many accounts, and what must be true after each."""

from contextlib import closing
from datetime import date
from typing import Any

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId
from infra.kafka import clients
from infra.kafka.settings import KafkaSettings
from infra.run.roles import WORKERS, group
from infra.store.open import open_store
from infra.views.open import open_views
from tests.kafka_work.processes import Fleet, wait_until
from tests.support import seed

OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


def url_of(fleet: Fleet) -> str:
    return fleet.environment["BILLSTREAM_DATABASE_URL"]


def seeded(fleet: Fleet, accounts: int) -> None:
    """A history with accounts that are due on 1 October 2020."""
    with closing(open_store(url_of(fleet), create=True)) as store:
        seed.set_up(store)
        seed.add_accounts(store, accounts, effective=date(2020, 9, 1))


def queue(fleet: Fleet, name: str = "now") -> StreamId:
    """A run to be done by whoever works."""
    with closing(open_store(url_of(fleet))) as store:
        return seed.queue(store, *OCTOBER, name)


def state_of(fleet: Fleet, execution: StreamId) -> ExecutionState:
    with closing(open_store(url_of(fleet))) as store, store.snapshot() as reading:
        found: Any = reading.get("execution", execution)
    state: ExecutionState = found.state
    return state


def share_work(settings: KafkaSettings, workers: int) -> bool:
    """So many workers have been given their part of the topic of work; one that is ready may still
    be on its way.
    """
    name = group(settings, WORKERS)
    with closing(clients.admin(settings)) as admin:
        found: Any = admin.describe_groups([name])[name]
    return bool(found["group_state"] == "Stable" and len(found["members"]) == workers)


def chunks_done(fleet: Fleet) -> int:
    return count(fleet, "chunk.billed")


def count(fleet: Fleet, topic: str) -> int:
    """Events of a type in history."""
    rows = query(fleet, "SELECT count(*) FROM events WHERE topic = ?", topic)
    return int(rows[0][0])


def query(fleet: Fleet, sql: str, *parameters: object) -> list[Any]:
    with closing(open_store(url_of(fleet))) as store, store.proving() as database:
        return database.execute(sql, parameters).fetchall()


def ended(fleet: Fleet, execution: StreamId, seconds: float = 120) -> ExecutionState:
    """Waits for the end of a run."""

    def look() -> ExecutionState | None:
        state = state_of(fleet, execution)
        return state if state.status in FINISHED else None

    state: ExecutionState = wait_until(look, seconds, "the end of the execution")
    return state


def caught_up(fleet: Fleet, seconds: float = 60) -> None:
    """Waits until the projector has read all of history."""
    with closing(open_store(url_of(fleet))) as store:
        views = open_views(store)
        wait_until(lambda: views.reached() == store.head.position, seconds, "the projector")


def assert_billed_once(fleet: Fleet, accounts: int, failed: int = 0) -> None:
    """Every due package billed once, numbers gapless, one end, the whole history sound."""
    billed = query(
        fleet,
        "SELECT stream, count(*) FROM events WHERE topic = 'account_package.billed' GROUP BY 1",
    )
    assert len(billed) == accounts - failed
    assert {n for _, n in billed} == {1}
    assert count(fleet, "invoice.generated") == accounts - failed
    assert count(fleet, "execution.completed") == 1
    fleet.must("verify", "--history")
