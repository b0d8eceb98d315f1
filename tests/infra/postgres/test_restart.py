"""A server that dies is noticed and said; when it is back, everything goes on."""

import threading
from collections.abc import Callable
from contextlib import closing
from signal import SIGQUIT

import pytest

from aggregates import identity
from infra.postgres import pool
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.verify_history import verify_history
from infra.views.compare import compare_with_rebuild
from infra.views.open import open_views
from tests.infra.store.build import FIRST_BILL_DATE, Billing, batch, fill, open_account
from tests.support.servers import OwnPostgres


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as refused:
        work()
    return refused.value.code


def test_it_goes_on_after_the_server_was_killed(
    own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "WAIT", 1.0)
    with closing(open_store(own_postgres.url, create=True)) as store:
        fill(store, 5)
        views = open_views(store)
        views.catch_up()
        execution = identity.execution(b"s", "1")
        store.mark_running(execution)
        made = batch(store, open_account("late"))
        own_postgres.server.kill()
        assert code_of(lambda: store.append(made)) == "database_unreachable"
        assert code_of(views.catch_up) == "database_unreachable"
        own_postgres.server.start()
        store.append(made)
        views.catch_up()
        assert len(list(views.rows("SELECT 1 FROM view_accounts"))) == 6
        assert not store.is_alive(execution)
        store.mark_running(execution)
        assert store.is_alive(execution)
        assert verify_history(store).clean
        assert compare_with_rebuild(store).differences == []


def test_a_restart_in_the_middle_of_billing_loses_nothing(own_postgres: OwnPostgres) -> None:
    with closing(open_store(own_postgres.url, create=True)) as store:
        fill(store, 60)
        with store.snapshot() as reading:
            due = [invoicer for invoicer, _ in reading.invoicers_due([], FIRST_BILL_DATE)]
        halfway = threading.Event()

        def bill() -> None:
            for number, invoicer in enumerate(due):
                while True:
                    billing = Billing(store, f"e{number}")
                    try:
                        made = billing.batch(FIRST_BILL_DATE, invoicer, invoicer + b"\x00")
                        if len(made.changes) > 1:
                            store.append(made)
                        break
                    except StoreError as away:
                        if away.code != "database_unreachable":
                            raise
                if number == len(due) // 2:
                    halfway.set()

        billing = threading.Thread(target=bill)
        billing.start()
        halfway.wait(30)
        own_postgres.server.stop(SIGQUIT)
        own_postgres.server.start()
        billing.join(60)
        invoices = [found for found in store.log(0, 999) if found.type == "invoice.generated"]
        assert [found.event.sequence for found in invoices] == list(range(7854, 7914))
        assert verify_history(store).clean
