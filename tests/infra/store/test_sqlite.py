"""What is true of a file only: how much a chunk asks of it, and what stays in it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from aggregates import identity
from infra.store.connect import HistoryConnection
from infra.store.open import open_store
from infra.store.reading import SnapshotReading
from infra.store.sqlite import SqliteStore
from tests.infra.store.build import GROUP, batch, fill, open_account


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """In a file."""
    with closing(open_store(f"sqlite:///{tmp_path / 'history.db'}", create=True)) as opened:
        assert isinstance(opened, SqliteStore)
        yield opened


def steps_to_read(connection: HistoryConnection, low: bytes, high: bytes) -> int:
    """How much work SQLite has with everything a chunk reads."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 10)
    reading = SnapshotReading(connection)
    end = date(2020, 2, 1)
    accounts = reading.accounts_in(low, high, [GROUP])
    reading.due_packages_in(low, high, [GROUP], end)
    reading.receivables_of(row.stream for row in accounts)
    reading.later_packages_in(low, high, [GROUP], end)
    list(reading.invoicers_due([GROUP], end, low, high))
    connection.set_progress_handler(None, 0)
    return steps


def test_a_chunk_costs_the_same_in_a_large_history(tmp_path: Path) -> None:
    steps: list[int] = []
    for size in (50, 2000):
        with closing(open_store(f"sqlite:///{tmp_path / str(size)}.db", create=True)) as store:
            assert isinstance(store, SqliteStore)
            fill(store, size)
            accounts = sorted(identity.account(f"A-{n}") for n in range(size))
            steps.append(steps_to_read(store.connection(), accounts[10], accounts[30]))
    assert steps[1] <= steps[0] * 1.2


def test_a_destroyed_key_is_nowhere_in_the_files(store: SqliteStore) -> None:
    key = b"a-random-key-of-thirty-two-bytes"
    account = identity.account("A")
    made = batch(store, open_account("A"))
    made.new_keys[account] = key
    store.append(made)
    assert any(key in path.read_bytes() for path in store.path.parent.iterdir())
    erasing = batch(store, open_account("B"))
    erasing.destroyed_keys.append(account)
    store.append(erasing)
    assert not any(key in path.read_bytes() for path in store.path.parent.iterdir())


def test_every_commit_is_durable_before_it_is_answered(store: SqliteStore) -> None:
    ask = store.connection().execute
    assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ask("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("started", [0.0, 1e12])
def test_another_process_with_the_same_number_is_not_the_runner(
    store: SqliteStore, started: float
) -> None:
    execution = identity.execution(b"s", "1")
    store.mark_running(execution)
    store.connection().execute("UPDATE runners SET started = ?", (started,))
    assert not store.is_alive(execution)
