"""Parts of a chunk in a process of their own: what was in its way is told as what it was, and one
chunk that is in the way of its workers keeps no other from being billed.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.billing import scope
from commands.executions import start_execution
from consumers.apart import DEATHS, Careful
from consumers.role import Unavailable
from consumers.work import Work
from consumers.worker import run_execution
from infra.run.attempts import StoredAttempts
from infra.run.isolated import Isolated
from infra.stack.ports import free_ports
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support import seed

OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))
DIES = (sys.executable, "-c", "import os; os._exit(9)")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OwnedStore]:
    with closing(open_store(f"sqlite:///{tmp_path / 'billstream.db'}", create=True)) as found:
        seed.set_up(found)
        seed.add_accounts(found, 12)
        yield found


@pytest.fixture
def begun(store: OwnedStore, monkeypatch: pytest.MonkeyPatch) -> StreamId:
    """An execution of three chunks, the second of which has ended its workers."""
    monkeypatch.setattr(scope, "PACKAGES_A_CHUNK", 4)
    execution = seed.queue(store, *OCTOBER)
    assert start_execution(store, execution).chunks == 3
    for _ in range(DEATHS):
        StoredAttempts(store.views_database()).begin(Work(execution, 1))
    return execution


def test_what_will_never_go_away_is_told(store: OwnedStore, tmp_path: Path) -> None:
    nowhere = Isolated(f"sqlite:///{tmp_path / 'nowhere.db'}")
    with pytest.raises(StoreError, match="database_missing") as missing:
        nowhere.lives(Work(bytes(16), 0), ["A-1"])
    assert missing.value.code == "database_missing"
    with pytest.raises(Refusal, match="execution_unknown"):
        Isolated(store.opening).invoicers(Work(bytes(16), 0))


def test_what_passes_is_waited_for() -> None:
    (port,) = free_ports(1)
    away = Isolated(f"postgresql://nobody@127.0.0.1:{port}/nothing")
    with pytest.raises(Unavailable, match="database_unreachable"):
        away.bills(Work(bytes(16), 0), ())


def test_a_chunk_that_ends_every_process_is_told_and_the_others_are_billed(
    store: OwnedStore, begun: StreamId
) -> None:
    attempts = StoredAttempts(store.views_database())
    careful = Careful(attempts, Isolated(store.opening, DIES))
    with pytest.raises(Refusal, match="chunk_ends_workers") as refused:
        run_execution(store, begun, careful=lambda: careful)
    assert "chunk 1 of execution" in refused.value.sentence
    billed = [one.event.index for one in store.log(0, 10_000) if one.type == "chunk.billed"]
    assert billed == [0, 2]
    mended = Careful(attempts, Isolated(store.opening))
    ended = run_execution(store, begun, careful=lambda: mended)
    assert (ended.status, ended.counts.invoices_generated) == ("completed", 12)


def test_processes_that_live_bill_the_chunk(store: OwnedStore, begun: StreamId) -> None:
    isolated, work = Isolated(store.opening), Work(begun, 1)
    numbers = isolated.invoicers(work)
    assert len(numbers) == 4
    assert isolated.lives(work, numbers[:2])
    assert isolated.bills(work, numbers[:1])
    (one,) = [one.event for one in store.log(0, 10_000) if one.type == "chunk.billed"]
    assert (one.counts.invoices_generated, one.counts.failed) == (3, 1)
