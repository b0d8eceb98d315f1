"""An execution that stands half-way, as if its process had died or were still at work."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from typing import Any

from aggregates import identity
from commands.executions import open_running, run_chunk, start_execution
from commands.firing import fire_due
from commands.schedules import BillingPeriod, ScheduleBillRun, schedule_bill_run
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support.world import World, account, base, package


def many(count: int, effective: str = "2020-09-01", **more: Any) -> dict[str, Any]:
    """A setup of so many accounts, each with one package: more than a chunk holds."""
    accounts = [account(f"A-{n:03}", package(f"p{n:03}", effective)) for n in range(count)]
    return base(accounts=accounts, **more)


@contextmanager
def opened(world: World) -> Generator[OwnedStore]:
    """The store behind a world."""
    store = open_store(world.url)
    try:
        yield store
    finally:
        store.close()


def half_way(
    world: World, start: str, end: str, *, chunks: int, catch_up: str = "all", id: str = "half"
) -> str:
    """Starts the run `Default` and bills its first chunks only; the execution's id."""
    period = BillingPeriod(start=date.fromisoformat(start), end=date.fromisoformat(end))
    asked = ScheduleBillRun(
        bill_run="Default", billing_period=period, catch_up=catch_up, requested_by="anna"
    )
    with opened(world) as store:
        schedule_bill_run(store, asked, "cli", id)
        (execution,) = fire_due(store, store.now())
        start_execution(store, execution)
        running = open_running(store, execution)
        assert running.chunks > chunks, "the setup is too small to stop half-way"
        for index in range(chunks):
            assert run_chunk(store, running, index) is not None
        return identity.text(execution)


def go_on(world: World, execution: str, chunk: int) -> bool:
    """A worker comes back with a chunk of its own: whether it could bill it."""
    with opened(world) as store:
        running = open_running(store, identity.parse(execution))
        return run_chunk(store, running, chunk) is not None
