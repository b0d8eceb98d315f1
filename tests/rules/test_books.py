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


def test_a_code_named_by_a_late_fee_is_not_deleted(world: World) -> None:
    fee = {"event": "after", "days": 5, "action": "late_fee", "amount": {"USD": "5.00"}}
    world.apply({"gl_codes": [{**CODE, "code": "4900"}]})
    world.apply({"ar_terms": [{"name": "Strict", "levels": [{**fee, "gl_code": "4900"}]}]})
    answer = world.must("gl-code", "delete", "4900", status=1)
    assert "used by AR term Strict" in answer.err
    world.apply({"ar_terms": [{"name": "Strict", "levels": [fee]}]})
    world.must("gl-code", "delete", "4900")


OVER = "2020-10-31"


def post_by_hand(world: World) -> None:
    """Which codes a manual transaction is posted to, and on which day."""
    add = ("credit", "add", "A-1", "5.00", "--gl-code")
    assert world.refused(*add, "nope") == "gl_code_unknown"
    assert world.refused("account", "charge", "A-1", "5.00", "--gl-code", "4") == "gl_code_unknown"
    for known in ("fee", "4000"):  # there without setup; named by a service, and defined nowhere
        world.must(*add, known)
    world.apply({"gl_codes": [{**CODE, "code": "4900"}]})
    world.must(*add, "4900")
    world.must("gl-code", "delete", "4900")
    assert world.refused(*add, "4900") == "gl_code_unknown"
    world.must("ledger", "close", "--through", "2020-10-31")
    late = world.read(*add, "fee", "--date", "2020-10-31", "--reason", "late")
    assert (late["date"], late["posting_date"]) == ("2020-10-31", "2020-11-05")
    assert "the books are closed through 2020-10-31" in late["posting_reason"]
    assert {entry["date"] for entry in world.read("ledger", "journal")} == {"2020-11-05"}
    assert world.refused("payment", "record", "A-1", "5.00", "--kind", "cash", "--on", OVER) == (
        "period_closed"
    )
    world.must("verify")


def test_a_manual_transaction_posts_to_a_code_that_is_known_in_a_period_that_is_open(
    world: World,
) -> None:
    post_by_hand(world)


def test_a_manual_transaction_of_another_day_says_when_it_posts_and_why(world: World) -> None:
    debit = ("account", "debit", "A-1", "1.00")
    done = "Debited account A-1 with 1.00; it goes on the next invoice.\n"
    assert world.must(*debit).out == done
    assert "posting_reason" not in world.read(*debit)
    assert world.read(*debit)["posting_date"] == "2020-11-05"
    assert world.must(*debit, "--date", OVER).out == (
        f"{done}Posted 2020-11-05: manual transactions post the day they are added; "
        "2020-10-31 is the date on the invoice.\n"
    )
    world.must("ledger", "close", "--through", OVER)
    assert world.must(*debit, "--date", OVER).out == (
        f"{done}Posted 2020-11-05: 2020-10-31 lies in a closed period: the books are closed "
        "through 2020-10-31.\n"
    )


def test_where_today_is_closed_nothing_is_posted_by_hand(tmp_path: Path) -> None:
    """The owner moved to a time zone where it is still the day before."""
    world = World(tmp_path, clock="2020-11-05T11:00:00Z")
    setup = base(accounts=[account("A-1")])
    world.apply({**setup, "owner": {**setup["owner"], "time_zone": "Pacific/Kiritimati"}})
    added = world.read("credit", "add", "A-1", "1.00")
    assert added["posting_date"] == "2020-11-06"
    world.must("ledger", "close", "--through", "2020-11-05")
    world.apply({"owner": {"time_zone": "America/New_York"}})
    assert world.refused("credit", "add", "A-1", "1.00") == "period_closed"
    assert world.refused("credit", "remove", added["transaction"]) == "period_closed"


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
