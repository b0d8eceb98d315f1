"""R28: stored facts that cannot be read any more fail their invoicer, who is named with what could
not be read; everybody else is billed, and a retry takes the invoicer up when it has been mended.
"""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregates import identity
from commands.billing import scope
from infra.store.open import open_store
from infra.store.state_rows import table_of
from tests.infra.store.tampering import by_hand
from tests.rules.support import NOVEMBER, OCTOBER, failed, left, rates, show, three_runs
from tests.support.world import World, account, base, package

ACCOUNTS = 9
BROKEN = "7b"  # {


@pytest.fixture(params=["sqlite", "postgres"])
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Nine accounts with a package each, one of them billed to another."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    world = World(tmp_path, url=url)
    accounts = [account(f"A-{n}", package(f"p{n}", "2020-09-01")) for n in range(ACCOUNTS - 1)]
    child = account("C-1", package("c", "2020-09-01"), invoicer="A-4")
    world.apply(base(accounts=[*accounts, child], bill_runs=three_runs()))
    world.read("account", "list")  # the views have read what is damaged later
    return world


@contextmanager
def damaged(world: World, kind: str, stream: bytes, history: bool = False) -> Generator[None]:
    """The stored state of something is no JSON any more; `history`: nor are its events."""
    where = f"WHERE stream = x'{stream.hex()}'"
    table = table_of(kind)
    with closing(open_store(world.url)) as store:
        with store.proving() as rows:
            ((state,),) = rows.execute(f"SELECT state FROM {table} WHERE stream = ?", (stream,))
            query = "SELECT position, payload FROM events WHERE stream = ?"
            events = rows.execute(query, (stream,)).fetchall()
        by_hand(store, f"UPDATE {table} SET state = x'{BROKEN}' {where}")
        if history:
            by_hand(store, f"UPDATE events SET payload = x'{BROKEN}' {where}")
    yield
    with closing(open_store(world.url)) as store:
        by_hand(store, f"UPDATE {table} SET state = x'{bytes(state).hex()}' {where}")
        for position, payload in events:
            restored = f"payload = x'{bytes(payload).hex()}'"
            by_hand(store, f"UPDATE events SET {restored} WHERE position = {position}")


def of_package(number: str, ref: str) -> tuple[str, bytes]:
    return "account_package", identity.account_package(identity.account(number), ref)


def of_account(number: str) -> tuple[str, bytes]:
    return "account", identity.account(number)


def failures(world: World, execution: str) -> Any:
    return world.read("execution", "failures", execution)


def assert_mended(world: World, execution: str, invoicer: str) -> None:
    """A retry bills what failed, and everybody has been billed once."""
    answer = world.must("execution", "retry", execution)
    assert answer.err.count("error") == 0
    (failure,) = failures(world, execution)
    assert failure["resolved_by"] is not None
    invoices = world.invoices()
    assert len(invoices) == ACCOUNTS - 1
    assert sum(len(invoice["lines"]) for invoice in invoices) == ACCOUNTS
    (retried,) = [found for found in invoices if found["execution"] == failure["resolved_by"]]
    assert retried["account"] == invoicer
    world.must("execution", "replay", execution)
    world.must("verify")


def test_a_package_that_cannot_be_read(crowd: World) -> None:
    with damaged(crowd, *of_package("A-2", "p2")):
        execution = crowd.bill(*OCTOBER, status=3)
        found = show(crowd, execution)
        assert found["status"] == "completed_with_failures"
        assert (found["invoices_generated"], found["failed"]) == (ACCOUNTS - 2, 1)
        (failure,) = failures(crowd, execution)
        assert (failure["invoicer"], failure["account"]) == ("A-2", "A-2")
        assert failure["code"] == "facts_unreadable"
        assert "account-package p2" in failure["message"]
        assert "billstream verify" in failure["message"]
        assert left(crowd, execution) == {"p2": "failed"}
        crowd.must("execution", "replay", execution)
        again = crowd.must("execution", "retry", execution, "--json", status=3)
        assert again.json["failed"] == 1
    assert_mended(crowd, again.json["id"], "A-2")
    assert failures(crowd, execution)[0]["resolved_by"] is not None


def test_a_member_that_cannot_be_read_fails_its_family(crowd: World) -> None:
    with damaged(crowd, *of_account("C-1")):
        execution = crowd.bill(*OCTOBER, status=3)
        (failure,) = failures(crowd, execution)
        assert (failure["invoicer"], failure["account"]) == ("A-4", "C-1")
        assert left(crowd, execution) == {"c": "failed", "p4": "failed"}
    assert_mended(crowd, execution, "A-4")


def test_an_invoicer_of_whom_nothing_can_be_read_fails_under_its_id(crowd: World) -> None:
    id = identity.text(identity.account("A-2"))
    with damaged(crowd, *of_account("A-2"), history=True):
        execution = crowd.bill(*OCTOBER, status=3)
        assert failed(crowd, execution) == [(id, "history_unreadable")]
        assert show(crowd, execution)["invoices_generated"] == ACCOUNTS - 2
        again = crowd.must("execution", "retry", execution, "--json", status=3)
        assert failed(crowd, again.json["id"]) == [(id, "history_unreadable")]
    with damaged(crowd, *of_account("A-2")):
        third = crowd.must("execution", "retry", execution, "--json", status=3)
        assert failed(crowd, third.json["id"]) == [("A-2", "facts_unreadable")]
    assert_mended(crowd, third.json["id"], "A-2")
    crowd.must("execution", "replay", execution)


def test_an_invoicer_whose_package_has_no_history_either_keeps_its_number(crowd: World) -> None:
    with damaged(crowd, *of_package("A-2", "p2"), history=True):
        execution = crowd.bill(*OCTOBER, status=3)
        assert failed(crowd, execution) == [("A-2", "history_unreadable")]
    assert_mended(crowd, execution, "A-2")


def test_what_waits_and_cannot_be_read(crowd: World) -> None:
    crowd.bill(*OCTOBER, run="Charge")
    with damaged(crowd, "receivables", identity.receivables(identity.account("A-2"))):
        execution = crowd.bill(*OCTOBER, run="Invoice", status=3)
        (failure,) = failures(crowd, execution)
        assert (failure["invoicer"], failure["code"]) == ("A-2", "facts_unreadable")
        assert "what waits on account A-2" in failure["message"]
    assert_mended(crowd, execution, "A-2")


def test_a_preview_tells_what_the_run_will_tell(crowd: World) -> None:
    with damaged(crowd, *of_package("A-2", "p2")):
        before = crowd.preview(*OCTOBER)
        execution = crowd.bill(*OCTOBER, status=3)
        (failure,) = failures(crowd, execution)
    (previewed,) = before["failures"]
    names = ("invoicer", "account", "code", "message")
    assert [previewed[name] for name in names] == [failure[name] for name in names]
    assert len(before["invoices"]) == ACCOUNTS - 2


def test_billing_the_account_alone(crowd: World) -> None:
    with damaged(crowd, *of_package("A-2", "p2"), history=True):
        period = ("--now", "--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
        crowd.must("account", "bill", "A-2", "--bill-run", "Default", *period, status=3)
        (execution,) = crowd.read("bill-run", "completed")
        assert failed(crowd, execution["id"]) == [("A-2", "history_unreadable")]
    crowd.must("execution", "replay", execution["id"])


def test_an_excluded_account_is_no_failure(crowd: World) -> None:
    groups = [{**base()["bill_groups"][0], "exclude": ["A-2"]}]
    crowd.apply({"bill_groups": groups})
    with damaged(crowd, *of_package("A-2", "p2"), history=True):
        execution = crowd.bill(*OCTOBER)
    assert show(crowd, execution)["invoices_generated"] == ACCOUNTS - 2


def test_other_chunks_and_several_processes(crowd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "PACKAGES_A_CHUNK", 2)
    with damaged(crowd, *of_package("A-2", "p2")), damaged(crowd, *of_account("A-6")):
        execution = crowd.bill(*OCTOBER, "--workers", "2", status=3)
        assert sorted(failed(crowd, execution)) == [
            ("A-2", "facts_unreadable"),
            ("A-6", "facts_unreadable"),
        ]
        assert show(crowd, execution)["invoices_generated"] == ACCOUNTS - 3
    crowd.must("execution", "replay", execution)
    crowd.must("execution", "retry", execution)
    assert len(crowd.invoices()) == ACCOUNTS - 1


def test_settings_that_cannot_be_read_refuse_the_run_and_no_other(crowd: World) -> None:
    other = rates("Other", "2020-10-02", EUR="0.86")
    runs = [*three_runs(), {**three_runs()[0], "name": "Later", "exchange_rates": "Other"}]
    crowd.apply({"exchange_rates": [other], "bill_runs": runs})
    with damaged(crowd, "exchange_rates", identity.named("exchange_rates", "Other")):
        words = ("bill-run", "schedule", "Later", "--now", "--period-start", OCTOBER[0])
        assert crowd.refused(*words, "--period-end", OCTOBER[1]) == "settings_unreadable"
        done = crowd.bill(*NOVEMBER, "--catch-up", "all")
        assert show(crowd, done)["failed"] == 0
    crowd.must("clock", "advance", "--to", "2020-10-05T10:00:00Z")
    ended = {found["bill_run"] for found in crowd.read("bill-run", "completed")}
    assert ended == {"Default", "Later"}
