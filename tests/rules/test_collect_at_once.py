"""Nobody is asked twice for the same money, also by two at once (R14, R23)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from aggregates import identity
from aggregates.execution import ExecutionQueued
from aggregates.payment.state import PaymentState
from commands.executions import open_running, run_chunk, start_execution
from commands.payments.asking import RecordPayment, record_payment
from commands.payments.outcomes import spend
from commands.store import Batch, Committed, Store
from consumers.worker import run_execution
from infra import personal_keys
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.rules.test_collect_payment import bill_three_days, due_days
from tests.support import seed
from tests.support.world import World

TODAY = date(2020, 10, 5)


class Between:
    """A store on which something else happens between a reading and the append after it, once."""

    def __init__(self, store: Store, other: Callable[[], object]) -> None:
        self._store = store
        self._other: Callable[[], object] | None = other

    def append(self, batch: Batch) -> Committed:
        if (other := self._other) is not None:
            self._other = None
            other()
        return self._store.append(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnedStore]:
    """20.00 are due, 10.00 are not."""
    url: str | None = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    world = World(tmp_path, url=url)
    bill_three_days(world, due_days())
    with closing(open_store(world.url)) as opened:
        yield opened


def queued(store: Store, name: str, run: str = "Due") -> bytes:
    execution = identity.execution(identity.schedule(name.encode()), name)
    event = ExecutionQueued(bill_run=run, period_start=TODAY, period_end=TODAY)
    seed.write(store, ("execution", execution, [event]))
    return execution


def payments(store: Store) -> list[PaymentState]:
    account = identity.account("P-1")
    with store.snapshot() as reading:
        rows = reading.items_of("payment", [account], only_open=False).get(account, [])
    return [row.state for row in rows]


def test_two_runs_that_collect_at_once_ask_once(store: OwnedStore) -> None:
    first, second = queued(store, "first"), queued(store, "second", "All")
    start_execution(store, second)
    running = open_running(store, second)
    between = Between(store, lambda: run_execution(store, first))
    run_chunk(cast(Store, between), running, 0)
    assert sorted(payment.amount for payment in payments(store)) == [1000, 2000]
    assert sum(payment.amount for payment in payments(store)) == 3000, "what is owed, once"


def test_money_recorded_while_a_run_reads_is_not_asked_for(store: OwnedStore) -> None:
    execution = queued(store, "run")
    start_execution(store, execution)
    running = open_running(store, execution)
    cash = RecordPayment(account="P-1", amount="15.00", kind="cash")
    between = Between(store, lambda: record_payment(store, cash, "test", "1", personal_keys))
    run_chunk(cast(Store, between), running, 0)
    asked = [payment.amount for payment in payments(store) if payment.is_pending]
    assert asked == [500]


def test_the_same_money_is_spent_once(store: OwnedStore) -> None:
    """Two collectors disburse at once: the second finds nothing left to do."""
    cash = RecordPayment(account="P-1", amount="40.00", kind="cash")
    record_payment(store, cash, "test", "1", personal_keys)
    (payment,) = payments(store)
    assert (payment.rest, sum(share.amount for share in payment.shares)) == (1000, 3000)
    account = identity.account("P-1")
    assert spend(store, account) is False
    repeated = record_payment(store, cash, "test", "1", personal_keys)
    assert repeated.repeated
    assert len(payments(store)) == 1
