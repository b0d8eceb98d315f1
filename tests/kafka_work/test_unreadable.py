"""A stored state that cannot be read fails its invoicer; workers live on and bill the others."""

import json
from contextlib import closing

from aggregates import identity
from infra.store.open import open_store
from tests.infra.store.tampering import by_hand
from tests.kafka_work.processes import Fleet
from tests.kafka_work.runs import assert_billed_once, ended, query, queue, seeded, url_of
from tests.kafka_work.test_worker_died import execution_text

ACCOUNTS = 40
PACKAGE = identity.account_package(identity.account("A-7"), "A-7/internet")


def test_a_state_that_cannot_be_read_ends_no_worker(owner: Fleet) -> None:
    seeded(owner, ACCOUNTS)
    where = f"WHERE stream = x'{PACKAGE.hex()}'"
    ((state,),) = query(owner, "SELECT state FROM account_packages WHERE stream = ?", PACKAGE)
    with closing(open_store(url_of(owner))) as store:
        by_hand(store, f"UPDATE account_packages SET state = x'7b' {where}")
    worker = owner.start("scheduler", "worker").ready()
    ended_as = ended(owner, queue(owner))
    assert (ended_as.status, ended_as.counts.failed) == ("completed_with_failures", 1)
    assert ended_as.counts.invoices_generated == ACCOUNTS - 1
    execution = execution_text(owner)
    (failure,) = json.loads(owner.must("execution", "failures", execution, "--json"))
    assert (failure["invoicer"], failure["code"]) == ("A-7", "facts_unreadable")
    assert "account-package A-7/internet" in failure["message"]
    with closing(open_store(url_of(owner))) as store:
        by_hand(store, f"UPDATE account_packages SET state = x'{bytes(state).hex()}' {where}")
    assert_billed_once(owner, ACCOUNTS, failed=1)
    again = owner.verb("execution", "retry", execution, "--json")
    assert json.loads(again.stdout)["invoices_generated"] == 1
    assert worker.process.poll() is None
    assert not worker.lines("tried again")
    assert worker.stop() == 0
