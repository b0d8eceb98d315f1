"""What a clerk is told: wrong input, odd orders, and the words of an answer."""

from pathlib import Path

import pytest

from tests.rules.support import OCTOBER
from tests.support.world import World, account, base, package

VISA = ("visa", "--kind", "card", "--token")


@pytest.fixture
def desk(tmp_path: Path) -> World:
    """A payer, the account that it pays for, and somebody with a contract, billed for October."""
    world = World(tmp_path)
    contract = {"id": "K-1", "account": "A-1", "start": "2020-09-01", "term": "annual"}
    promised = {"commitment": {"amount": "10.00", "per": "monthly"}, "renewal": "auto"}
    accounts = [
        account("P-1"),
        account("C-1", package("c", "2020-09-01"), invoicer="P-1"),
        account("A-1", package("a", "2020-09-01")),
    ]
    world.apply(base(accounts=accounts, contracts=[{**contract, **promised}]))
    world.bill(*OCTOBER)
    return world


def test_a_payment_is_told_under_the_digits_that_its_verbs_take(desk: World) -> None:
    said = desk.must("payment", "record", "A-1", "5.00", "--kind", "cash").out
    known_as = said.removesuffix(".\n").split()[-1]
    assert said == f"Recorded a payment of 5.00 by account A-1: payment {known_as}.\n"
    assert desk.read("payment", "show", known_as)["amount"] == "5.00"
    desk.must("payment", "remove", known_as, "--yes")


def test_an_amount_below_zero_is_no_unknown_option(desk: World) -> None:
    for amount in ("-5.00", "-.5"):
        answer = desk.must("payment", "record", "A-1", amount, "--kind", "cash", status=2)
        assert "an amount or a number is not below 0" in answer.err
    assert "No such option '-x'" in desk.must("payment", "list", "-x", status=2).err


def test_what_cannot_be_taken_back_is_not_done_where_nobody_can_confirm_it(desk: World) -> None:
    desk.must("payment", "record", "A-1", "5.00", "--kind", "cash")
    desk.must("payment-method", "add", "A-1", *VISA, "pm_1")
    payment = desk.read("payment", "list")[0]["id"]
    for words in (
        ("payment", "refund", payment),
        ("payment", "remove", payment),
        ("payment-method", "remove", "A-1", "visa"),
        ("invoice", "void", "INV-007854"),
    ):
        answer = desk.must(*words, status=1)
        assert answer.err.startswith("error: not_confirmed: "), answer.err
        assert answer.err.endswith("confirm it with --yes\n")
    assert desk.read("payment", "list")[0]["status"] == "succeeded"


def test_adding_a_payment_method_replaces_none(desk: World) -> None:
    desk.must("payment-method", "add", "A-1", *VISA, "pm_1", "--auto-pay", "--command-id", "1")
    desk.must("payment-method", "add", "A-1", *VISA, "pm_1", "--auto-pay", "--command-id", "1")
    again = ("payment-method", "add", "A-1", *VISA, "pm_2")
    assert desk.refused(*again) == "payment_method_exists"
    assert desk.refused(*again, "--command-id", "2") == "payment_method_exists"
    desk.must("payment-method", "change", "A-1", "visa", "--token", "pm_2")
    desk.must("payment-method", "remove", "A-1", "visa", "--yes")
    desk.must("payment-method", "add", "A-1", *VISA, "pm_3")


def test_changing_a_payment_method_makes_none(desk: World) -> None:
    change = ("payment-method", "change", "A-1", "vsia", "--kind", "card", "--token", "pm_1")
    for words in (change, (*change, "--command-id", "slip"), (*change[:4], "--inactive")):
        assert desk.refused(*words) == "payment_method_unknown"
    assert desk.read("payment-method", "list", "--account", "A-1") == []
    assert desk.refused("payment-method", "change", "X-9", "visa", "--active") == "account_unknown"


def test_a_change_of_a_payment_method_told_again_is_answered_again(desk: World) -> None:
    desk.must("payment-method", "add", "A-1", *VISA, "pm_1")
    change = ("payment-method", "change", "A-1", "visa", "--token", "pm_2", "--command-id", "1")
    desk.must(*change)
    desk.must("payment-method", "remove", "A-1", "visa", "--yes")
    assert desk.must(*change).out == "Nothing to change.\n"
    assert desk.read("payment-method", "list", "--account", "A-1") == []


def test_who_is_paid_for_is_asked_for_no_money(desk: World) -> None:
    for words in (
        ("payment", "collect", "--account", "C-1"),
        ("payment", "record", "C-1", "5.00", "--kind", "cash"),
    ):
        answer = desk.must(*words, status=1)
        assert answer.err.startswith("error: pays_through_invoicer: "), answer.err
        assert "go to P-1" in answer.err


def test_a_voided_credit_note_leaves_nothing_to_bill(desk: World) -> None:
    number = desk.read("invoice", "list", "--account", "A-1")[0]["number"]
    desk.must("invoice", "credit", number)
    said = desk.must("invoice", "void", "CN-000001", "--yes").out
    assert said == "Credit note CN-000001 is void; what it credited is owed again.\n"
    said = desk.must("invoice", "void", number, "--yes").out
    assert said == f"Invoice {number} is void; bill again what is due.\n"


def test_the_end_of_a_contract_is_told(desk: World) -> None:
    said = desk.must("contract", "give-notice", "K-1").out
    assert said == "Gave notice of contract K-1: it ends on 2021-09-01.\n"
    assert desk.read("contract", "show", "K-1")["ends"] == "2021-09-01"
    said = desk.must("contract", "terminate", "K-1", "--as-of", "2021-03-01").out
    assert said == "Terminated contract K-1 as of 2021-03-01.\n"


def test_who_gives_recorded_money_back_is_told(desk: World) -> None:
    desk.must("payment", "record", "A-1", "5.00", "--kind", "cash")
    payment = desk.read("payment", "list")[0]["id"]
    said = desk.must("payment", "refund", payment, "--amount", "1.00", "--yes")
    assert said.out == f"Refunded payment {payment}: give the money back the way it came.\n"
    assert desk.read("payment", "show", payment)["refunded"] == "1.00"


def test_the_last_level_of_what_is_overdue_is_one_line(desk: World) -> None:
    levels = [{"event": "after", "days": 30, "action": "suspend"}]
    terms = [{"name": "Strict", "payment_term": "net 5", "levels": levels}]
    number = "CUST-000123"
    priced = package(number, "2020-09-01", price="12499.00")
    runs = [{**base()["bill_runs"][0], "actions": ["dunning"], "name": "Remind"}]
    desk.apply({"ar_terms": terms, "bill_runs": runs})
    desk.apply({"accounts": [account(number, priced, ar_term="Strict")]})
    desk.bill(*OCTOBER)
    desk.must("clock", "advance", "--to", "2020-12-05T09:00:00Z")
    desk.bill("2020-12-01", "2020-12-31", run="Remind")
    _, line, *row = desk.must("invoice", "overdue", "--account", number).out.splitlines()
    assert len(line) <= 80
    assert [text.split()[-1] for text in row] == ["suspend"]
    assert "12499.00 USD  after 30: suspend" in row[0]
