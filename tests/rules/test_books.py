"""GL codes in the setup, and books that are closed: nothing posts into a closed period (R26)."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.world import World, account, base, package

CODE: dict[str, Any] = {
    "code": "4000",
    "name": "Internet",
    "debit": "Assets:Receivable",
    "credit": "Income:Internet",
    "deferred": "Liabilities:Deferred-Revenue",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, clock="2020-11-05T09:00:00Z")
    world.apply(base(accounts=[account("A-1", package("a", "2020-09-01"))]))
    return world


def test_codes_are_set_renamed_and_listed_beside_those_built_in(world: World) -> None:
    world.apply({"gl_codes": [CODE]})
    assert world.read("gl-code", "show", "4000") == CODE | {"built_in": False}
    world.apply({"gl_codes": [{"code": "4000", "name": "Broadband"}]})
    assert world.read("gl-code", "show", "4000")["name"] == "Broadband"
    listed = {one["code"]: one for one in world.read("gl-code", "list")}
    assert listed["payment"]["built_in"]
    assert listed["4000"]["credit"] == "Income:Internet"
    assert world.refused("gl-code", "show", "9") == "gl_code_unknown"


def test_the_accounts_of_a_code_do_not_change(world: World) -> None:
    world.apply({"gl_codes": [CODE]})
    path = world.folder / "again.yaml"
    path.write_text("gl_codes: [{code: '4000', credit: 'Income:Other'}]\n")
    assert world.refused("apply", str(path)) == "gl_code_fixed"
    path.write_text("gl_codes: [{code: '4001', debit: cash, credit: 'Income:Other'}]\n")
    assert world.refused("apply", str(path)) == "gl_account_invalid"
    path.write_text("gl_codes: [{code: '4001', credit: 'Income:Other'}]\n")
    assert world.refused("apply", str(path)) == "missing_key"


def test_a_code_named_by_a_service_is_not_deleted(world: World) -> None:
    world.apply({"gl_codes": [CODE]})
    assert world.refused("gl-code", "delete", "4000") == "in_use"
    world.apply({"packages": [{"code": "internet", "gl_code": None}]})
    world.must("gl-code", "delete", "4000")
    assert world.refused("gl-code", "delete", "4000") == "gl_code_unknown"


def test_nothing_posts_into_a_closed_period(world: World) -> None:
    world.must("ledger", "close", "--through", "2020-10-31")
    period = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
    now = ("bill-run", "schedule", "Default", "--now", *period)
    assert world.refused(*now, "--posting-date", "2020-10-31") == "period_closed"
    world.must(*now, "--posting-date", "2020-11-01")
    assert world.read("invoice", "list")


def test_a_schedule_whose_posting_date_was_closed_meanwhile_bills_nothing(world: World) -> None:
    words = ("bill-run", "schedule", "Default", "--at", "2020-11-10T09:00", "--posting-date")
    period = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
    world.must(*words, "2020-11-04", *period)
    world.must("ledger", "close", "--through", "2020-11-04")
    world.must("clock", "advance", "--to", "2020-11-10T16:00:00Z", status=3)
    (execution,) = world.read("bill-run", "completed")
    assert execution["status"] == "completed_with_failures"
    failures = world.read("execution", "failures", execution["id"])
    assert {failure["code"] for failure in failures} == {"period_closed"}
    assert world.read("invoice", "list") == []
    assert world.must("execution", "replay", execution["id"])


def test_books_are_closed_for_days_that_are_over_and_stay_closed(world: World) -> None:
    assert world.refused("ledger", "close", "--through", "2020-11-05") == "period_not_over"
    world.must("ledger", "close", "--through", "2020-10-31")
    assert world.refused("ledger", "close", "--through", "2020-10-30") == "period_closed"
    world.must("ledger", "close", "--through", "2020-10-31")
    assert len(world.must("history", "list", "--json").json) > 0
    world.must("verify")


def test_a_code_that_was_posted_to_unwritten_is_not_defined_once_the_books_are_closed(
    world: World,
) -> None:
    world.must("ledger", "close", "--through", "2020-10-31")
    path = world.folder / "late.yaml"
    path.write_text("gl_codes: [{code: '4000', debit: 'Assets:A', credit: 'Income:B'}]\n")
    assert world.refused("apply", str(path)) == "gl_code_fixed"
