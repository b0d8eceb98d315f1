"""Several processes write one history; a killed one leaves nothing behind."""

import multiprocessing
import os
import signal
from contextlib import closing
from datetime import date
from multiprocessing.synchronize import Event

from aggregates import identity
from commands.store import Conflict
from infra.postgres import appending, writing
from infra.postgres.store import PostgresStore
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.prepared import prepare
from infra.store.sqlite import SqliteStore
from infra.store.verify_history import verify_history
from tests.infra.store.build import FIRST_BILL_DATE, Billing, batch, fill, open_account, read_at

SPAWN = multiprocessing.get_context("spawn")


def open_accounts(url: str, name: str, count: int) -> None:
    with closing(open_store(url)) as store:
        for index in range(count):
            store.append(batch(store, open_account(f"{name}-{index}")))


def bill_until_done(url: str, execution: str, end: date) -> None:
    """Bills what is due, one account after the other, reading again after each conflict."""
    with closing(open_store(url)) as store:
        while True:
            with store.snapshot() as reading:
                due = [invoicer for invoicer, _ in reading.invoicers_due([], end)]
            if not due:
                return
            billing = Billing(store, execution, chunk=read_at(store))
            try:
                store.append(billing.batch(end, due[0], due[0] + b"\x00"))
            except Conflict:
                continue


def die_under_the_lock(url: str, ready: Event) -> None:
    """Dies in the middle of an append, with everything written and nothing committed."""
    with closing(open_store(url)) as store:
        if isinstance(store, PostgresStore):
            return die_inside_copy(store)
        assert isinstance(store, SqliteStore)
        billing = Billing(store, "doomed")
        made = billing.batch(FIRST_BILL_DATE)

        def stop(statement: str) -> None:
            if statement.startswith("COMMIT"):
                ready.set()
                os.kill(os.getpid(), signal.SIGKILL)

        with store.datastore.connection(commit=False) as connection:
            connection.set_trace_callback(stop)
        store.append(made)


def die_inside_copy(store: PostgresStore) -> None:
    made = prepare(Billing(store, "doomed").batch(FIRST_BILL_DATE))
    with store.sessions.session() as session, session.transaction("BEGIN"):
        writing.write_states(session, made.rows)
        appending.lock_head(session)
        with session.connection.cursor() as cursor, cursor.copy("COPY events FROM STDIN") as copy:
            copy.write("1000\t")
            os.kill(os.getpid(), signal.SIGKILL)


def run(*jobs: tuple[object, ...]) -> list[int | None]:
    processes = [SPAWN.Process(target=job[0], args=job[1:]) for job in jobs]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_four_processes_append_without_losing_anything(store: OwnedStore, url: str) -> None:
    assert run(*((open_accounts, url, name, 25) for name in "ABCD")) == [0] * 4
    assert store.head.position == 100
    assert verify_history(store).findings == ()


def test_four_processes_bill_the_same_accounts_once(store: OwnedStore, url: str) -> None:
    fill(store, 30)
    jobs = ((bill_until_done, url, f"e{n}", FIRST_BILL_DATE) for n in range(4))
    assert run(*jobs) == [0] * 4
    invoices = [found for found in store.log(0, 999) if found.type == "invoice.generated"]
    assert [found.event.sequence for found in invoices] == list(range(7854, 7884))
    assert len({found.event.account for found in invoices}) == 30
    assert verify_history(store).findings == ()


def test_kill_in_the_middle_of_an_append_leaves_nothing(store: OwnedStore, url: str) -> None:
    fill(store, 50)
    before = store.head
    assert run((die_under_the_lock, url, SPAWN.Event())) == [-signal.SIGKILL]
    assert store.head == before
    assert Billing(store, "alive").run(FIRST_BILL_DATE).first_number == 7854
    assert verify_history(store).findings == ()


def hold(url: str, ready: Event, done: Event) -> None:
    with closing(open_store(url)) as store:
        store.mark_running(identity.execution(b"s", "1"))
        ready.set()
        done.wait(30)


def test_a_runner_is_known_dead_when_its_process_is_gone(store: OwnedStore, url: str) -> None:
    execution = identity.execution(b"s", "1")
    assert not store.is_alive(execution)
    ready, done = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(url, ready, done))
    process.start()
    assert ready.wait(30)
    assert store.is_alive(execution)
    process.kill()
    process.join(30)
    # A server notices a moment later that its client has gone.
    assert any(not store.is_alive(execution) or done.wait(0.02) for _ in range(500))
    store.mark_running(execution)
    assert store.is_alive(execution)
    store.unmark(execution)
    assert not store.is_alive(execution)
