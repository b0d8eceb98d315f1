"""What lives at random brought to light, each told as the shortest life that shows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregates import identity
from aggregates.identity import StreamId
from commands.execution_control import retry_execution
from commands.executions import open_running, run_chunk, start_execution
from commands.message import Command
from consumers.worker import run_execution
from tests.properties import asks
from tests.properties.audit import follow
from tests.properties.ledger import Ledger
from tests.properties.proofs import prove
from tests.properties.shop import Ask, Days, Run, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    found.must(
        *asks.business("half_up", {"EUR": "0.85"}),
        Ask("account", "A", {"name": "A", "currency": "USD", "bill_group": "First"}),
        Ask("package", "A/1", {"package": "weekly", "effective": Days(0)}),
    )
    yield found
    ledger = Ledger()
    follow(ledger, found.store)
    prove(found, ledger)
    found.close()


def run(shop: Shop, bill_run: str, end: int) -> str:
    execution = shop.queue(Run(bill_run, 0, end, "all"))
    assert execution is not None
    return run_execution(shop.store, execution).status


def test_charges_wait_again_on_an_account_whose_first_ones_were_invoiced(shop: Shop) -> None:
    """R18, R20: what waits next goes on from where the account's receivables stand."""
    assert run(shop, "Charge only", 7) == "completed"
    assert run(shop, "Everything", 14) == "completed"
    assert run(shop, "Charge only", 21) == "completed"


def left(shop: Shop) -> dict[str, str]:
    ledger = Ledger()
    follow(ledger, shop.store)
    return {one.account_package: one.reason for t in ledger.executions.values() for one in t.left}


def fail(shop: Shop) -> None:
    """A charge waits that needs a rate there is none for."""
    member = {"name": "C", "currency": "GBP", "bill_group": "First", "invoicer": "A"}
    weekly = {"package": "weekly", "effective": Days(0)}
    shop.must(Ask("account", "C", member), Ask("package", "C/1", weekly))
    assert run(shop, "Charge only", 7) == "completed"


def test_a_run_that_bills_no_packages_leaves_none_behind_when_it_fails(shop: Shop) -> None:
    """R9: nothing was due in it."""
    fail(shop)
    assert run(shop, "Invoice only", 14) == "completed_with_failures"
    assert left(shop) == {}


def test_a_failure_hides_no_suspension(shop: Shop) -> None:
    """R9, R32: a retry would not bill the package either, so the failure is not the reason."""
    fail(shop)
    shop.must(Ask("account", "C", {"status": "suspended"}))
    assert run(shop, "Everything", 14) == "completed_with_failures"
    assert left(shop) == {"A/1": "failed", "C/1": "account_suspended"}


def open_others(shop: Shop) -> None:
    """B and D, not in A's family, each with a package that is due."""
    for number in ("B", "D"):
        words = {"name": number, "currency": "USD", "bill_group": "First"}
        weekly = {"package": "weekly", "effective": Days(0)}
        shop.must(Ask("account", number, words), Ask("package", f"{number}/1", weekly))


def move_during(shop: Shop, execution: StreamId, done: list[str]) -> list[str]:
    """D is invoiced to B when the parts that hold the invoicers `done` have been billed; what the
    execution leaves behind.
    """
    start_execution(shop.store, execution)
    ledger = Ledger()
    follow(ledger, shop.store)
    running = open_running(shop.store, execution)
    for invoicer in done:
        index = ledger.chunk_of(ledger.executions[execution], invoicer)
        assert index is not None
        run_chunk(shop.store, running, index)
    shop.must(Ask("account", "D", {"invoicer": "B"}))
    run_execution(shop.store, execution)
    follow(ledger, shop.store)
    return sorted(one.account_package for one in ledger.executions[execution].left)


def retry_of(shop: Shop, failed: StreamId) -> StreamId:
    command = Command("retry_execution", "properties", "retry", {})
    outcome = retry_execution(shop.store, command, identity.text(failed))
    return identity.parse(outcome.result["execution"])


def test_a_retry_is_silent_about_accounts_it_is_not_about(shop: Shop) -> None:
    """R6: it is over the failed invoicers only, whoever moves while it runs."""
    fail(shop)
    open_others(shop)
    shop.must(Ask("account", "D", {"status": "suspended"}))
    failed = shop.queue(Run("Everything", 0, 14, "all"))
    assert failed is not None
    assert run_execution(shop.store, failed).status == "completed_with_failures"
    retry = retry_of(shop, failed)
    assert move_during(shop, retry, ["A"]) == ["A/1", "C/1"]


def test_an_account_that_slips_through_is_excluded_by_its_own_group_only(shop: Shop) -> None:
    """R3, R9: what another group excludes is none of its business, so it is not left in silence."""
    open_others(shop)
    shop.must(Ask("group", "Second", {"exclude": ["D"]}))
    execution = shop.queue(Run("Everything", 0, 14, "all"))
    assert execution is not None
    assert move_during(shop, execution, ["B"]) == ["D/1"]


def test_a_retry_of_an_account_that_left_the_groups_of_its_run_says_so(shop: Shop) -> None:
    """R2, R28: it was to be billed alone and failed; before the retry it moved."""
    fail(shop)
    failed = shop.queue(Run("First only", 0, 14, account="A"))
    assert failed is not None
    assert run_execution(shop.store, failed).status == "completed_with_failures"
    shop.must(Ask("account", "A", {"bill_group": "Second"}))
    retry = retry_of(shop, failed)
    assert run_execution(shop.store, retry).status == "completed_with_failures"
    ledger = Ledger()
    follow(ledger, shop.store)
    (failure,) = ledger.executions[retry].failures
    assert failure.code == "account_not_in_bill_run"
