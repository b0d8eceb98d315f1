"""Nobody who stops holds up the others, and upkeep goes on beside billing."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from time import monotonic

import pytest
from psycopg.errors import AdminShutdown

from aggregates import identity
from aggregates.account import AccountRenamed
from commands.store import Batch, Conflict, Metadata, Staged
from infra.postgres import appending, stuck, writing
from infra.postgres.session import connect
from infra.postgres.store import PostgresStore
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.prepared import prepare
from infra.store.verify_history import verify_history
from tests.infra.store import build
from tests.infra.store.build import FIRST_BILL_DATE, Billing, batch, fill, month_after, open_account

SPAWN = multiprocessing.get_context("spawn")


def stop_inside_copy(url: str) -> None:
    """A worker that is stopped while it sends its events, with the order lock in its hand."""
    with closing(open_store(url)) as store:
        assert isinstance(store, PostgresStore)
        made = prepare(Billing(store, "stopped").batch(FIRST_BILL_DATE))
        with store.sessions.session() as session, session.transaction("BEGIN"):
            writing.write_states(session, made.rows)
            appending.lock_head(session)
            with session.connection.cursor() as cur, cur.copy("COPY events FROM STDIN") as copy:
                copy.write("1000\t")
                os.kill(os.getpid(), signal.SIGSTOP)


@contextmanager
def stopped_worker(url: str) -> Generator[int]:
    process = SPAWN.Process(target=stop_inside_copy, args=(url,))
    process.start()
    assert process.pid is not None
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    try:
        yield process.pid
    finally:
        process.kill()
        process.join(30)


def test_a_worker_stopped_inside_copy_is_ended_by_those_who_wait(
    store: PostgresStore, postgres_url: str
) -> None:
    fill(store, 30)
    with stopped_worker(postgres_url):
        began = monotonic()
        committed = Billing(store, "alive").run(FIRST_BILL_DATE)
        assert monotonic() - began < 3 * stuck.PATIENCE
    assert committed.first_number == 7854
    assert verify_history(store).clean


def test_four_wait_for_a_stopped_worker_and_all_go_on(
    store: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stuck, "PATIENCE", 0.5)
    fill(store, 10)
    with stopped_worker(postgres_url):

        def write(name: str) -> None:
            store.append(Batch(Metadata(), store.head.position, [open_account(name)]))

        waiting = [threading.Thread(target=write, args=(name,)) for name in "ABCD"]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(30)
    assert store.head.position == 21 + 4
    assert verify_history(store).clean


def test_a_holder_who_has_just_begun_is_left_alone(store: PostgresStore) -> None:
    with closing(connect(store.address)) as holder, store.sessions.session() as session:
        holder.run("BEGIN")
        appending.lock_head(holder)
        assert stuck.end_stuck_holders(session) == 0
        assert stuck.end_stuck_holders(session, 0.0) == 1
        with pytest.raises(AdminShutdown):
            holder.run("SELECT 1")


def test_who_waits_in_vain_says_so(store: PostgresStore, postgres_url: str) -> None:
    with closing(open_store(postgres_url, lock_timeout=0.1)) as waiting:
        made = batch(waiting, open_account("A"))
        with store.sessions.session() as holder, holder.transaction("BEGIN"):
            appending.lock_head(holder)
            with pytest.raises(StoreError) as refused:
                waiting.append(made)
        assert refused.value.code == "database_locked"
        waiting.append(made)


def renamed(store: PostgresStore, numbers: list[str]) -> list[Staged]:
    found: list[Staged] = []
    with store.snapshot() as reading:
        for number in numbers:
            row = reading.get("account", identity.account(number))
            assert row is not None
            event = AccountRenamed(name="new")
            found.append(build.staged("account", row.stream, row.version, event, before=row.state))
    return found


def test_two_who_change_the_same_in_another_order_never_wait_for_each_other(
    store: PostgresStore,
) -> None:
    numbers = [f"A-{n}" for n in range(200)]
    fill(store, 200)
    batches = [batch(store, *renamed(store, listed)) for listed in (numbers, numbers[::-1])]
    outcomes: list[str] = []

    def write(made: Batch) -> None:
        try:
            store.append(made)
            outcomes.append("written")
        except Conflict as conflict:
            outcomes.append("deadlock" if "deadlock" in str(conflict) else "conflict")

    threads = [threading.Thread(target=write, args=(made,)) for made in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["conflict", "written"]


def test_vacuum_and_an_index_build_go_on_beside_billing(store: PostgresStore) -> None:
    fill(store, 100)
    done = threading.Event()
    failures: list[BaseException] = []

    def bill() -> None:
        end = FIRST_BILL_DATE
        try:
            for number in range(40):
                Billing(store, f"e{number}").run(end)
                end = month_after(end)
        except BaseException as failure:
            failures.append(failure)
        finally:
            done.set()

    billing = threading.Thread(target=bill)
    billing.start()
    rounds = 0
    with store.sessions.session() as session:
        while not done.is_set():
            session.run("VACUUM (ANALYZE) events")
            session.run("VACUUM account_packages")
            session.run("CREATE INDEX CONCURRENTLY extra ON events (at)")
            session.run("DROP INDEX CONCURRENTLY extra")
            rounds += 1
    billing.join()
    assert failures == []
    assert rounds > 0
    assert verify_history(store).clean


def test_a_billed_package_stays_on_its_page(store: PostgresStore) -> None:
    fill(store, 500)
    Billing(store, "e").run(FIRST_BILL_DATE)
    with store.sessions.session() as session:
        query = """
            SELECT count(*) FILTER (WHERE indexdef LIKE '%%next_bill_date%%'), count(*)
            FROM pg_indexes WHERE schemaname = current_schema()
        """
        ((with_date, indexes),) = session.execute(query.replace("%%", "%"))
        assert (with_date, indexes > 10) == (0, True)
        session.run("SELECT pg_stat_force_next_flush()")
        query = """
            SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
            WHERE relname = 'account_packages' AND schemaname = current_schema()
        """
        ((updated, in_place),) = session.execute(query)
    assert updated == in_place
