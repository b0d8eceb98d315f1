"""What a clerk can get wrong with money owed: each is refused with a code, and nothing changes."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import OCTOBER, events
from tests.support.world import World, account, base, package

INVOICE, OF_EUROS, OF_PARENT = "INV-A", "INV-E", "INV-P"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Invoices of A-1 (paid by 25.00, 10.00 of it given back), E-1 in euros, and of P-1 for C-1;
    one more of A-1 that is void, and a credit note that is.
    """
    world = World(tmp_path_factory.mktemp("owed"))
    method = {"id": "visa", "kind": "card", "token": "pm_1", "auto_pay": True}
    world.apply(
        base(
            accounts=[
                account("A-1", package("a", "2020-09-01"), payment_methods=[method]),
                account("E-1", package("e", "2020-09-01"), currency="EUR"),
                account("P-1"),
                account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
                account("Z-1", status="closed"),
            ]
        )
    )
    world.bill(*OCTOBER)
    world.bill("2020-11-01", "2020-11-30")
    number = numbers(world)
    world.must("invoice", "void", number["second"], "--yes")
    world.must("payment", "record", "A-1", "25.00", "--kind", "transfer", "--command-id", "paid")
    world.must("payment", "refund", payment(world), "--amount", "10.00", "--yes")
    world.must("invoice", "credit", number[OF_PARENT], "--line", "1", "--amount", "1.00")
    world.must("invoice", "void", "CN-000001", "--yes")
    world.must("ledger", "close", "--through", "2020-10-04")
    return world


def numbers(world: World) -> dict[str, str]:
    """The invoices' numbers by the names they have here."""
    found = [i for i in world.invoices() if i["kind"] == "charges"]
    mine = [i["number"] for i in found if i["account"] == "A-1"]
    first = {i["account"]: i["number"] for i in reversed(found)}
    return {INVOICE: mine[0], "second": mine[1], OF_EUROS: first["E-1"], OF_PARENT: first["P-1"]}


def payment(world: World) -> str:
    """The one of 25.00."""
    found = (one["id"] for one in world.read("payment", "list") if one["amount"] == "25.00")
    return str(next(found))


CREDIT = ("credit", "add", "A-1")
RECORD = ("payment", "record", "A-1")
CASH = ("--kind", "cash")
LINE = ("--line", "1")

BACKWARDS = ("--from", "2020-10-31", "--to", "2020-10-01")
WRONG: list[tuple[tuple[str, ...], str]] = [
    # amounts
    *(
        ((*CREDIT, amount), "amount_invalid")
        for amount in ("", "1e3", "NaN", "1,00", "5.", "５.00")
    ),
    *(((*RECORD, amount, *CASH), "amount_invalid") for amount in ("0", "Infinity", "9" * 30)),
    ((*CREDIT, "0.00"), "amount_not_positive"),
    ((*CREDIT, "0.001"), "amount_too_precise"),
    (("account", "debit", "A-1", "0.001"), "amount_too_precise"),
    # currencies
    ((*RECORD, "5.00", *CASH, "--currency", "EUR"), "wrong_currency"),
    (("payment", "record", "E-1", "18.00", *CASH, "--currency", "USD"), "wrong_currency"),
    ((*CREDIT, "5.00", "--currency", "EUR"), "wrong_currency"),
    ((*CREDIT, "5.00", "--invoice", OF_EUROS, *LINE), "wrong_currency"),
    # dates
    ((*RECORD, "5.00", *CASH, "--on", "2020-10-06"), "payment_in_future"),
    ((*RECORD, "5.00", *CASH, "--on", "2020-10-04"), "period_closed"),
    ((*CREDIT, "5.00", "--date", "9999-12-31"), "date_out_of_range"),
    (("ledger", "close", "--through", "2020-10-05"), "period_not_over"),
    # whose money, whose invoice
    ((*RECORD, "5.00", *CASH, "--invoice", OF_EUROS), "invoice_unknown"),
    ((*RECORD, "5.00", *CASH, "--invoice", "second"), "invoice_void"),
    (("payment", "record", "C-1", "5.00", *CASH), "pays_through_invoicer"),
    (("payment", "record", "X-1", "5.00", *CASH), "account_unknown"),
    (("credit", "add", "P-1", "1.00", "--invoice", OF_PARENT, *LINE), "line_of_another_account"),
    (("credit", "add", "Z-1", "1.00"), "account_closed"),
    ((*CREDIT, "1.00", "--invoice", INVOICE), "line_missing"),
    ((*CREDIT, "1.00", *LINE), "invoice_missing"),
    ((*CREDIT, "1.00", "--invoice", INVOICE, "--line", "-1"), "line_unknown"),
    # more than there is
    (("payment", "refund", "PAYMENT", "--amount", "15.01", "--yes"), "refund_too_large"),
    (("payment", "refund", "PAYMENT", "--amount", "0", "--yes"), "amount_invalid"),
    (("payment", "remove", "PAYMENT", "--yes"), "payment_refunded"),
    (("payment", "refund", "f", "--yes"), "payment_unknown"),
    (("invoice", "credit", INVOICE, *LINE, "--amount", "20.01"), "credit_too_large"),
    (
        ("invoice", "credit", INVOICE, *LINE, *LINE, "--amount", "11", "--amount", "9.01"),
        "credit_too_large",
    ),
    (("payment", "collect", "--account", "A-1", "--amount", "5.01"), "collection_too_large"),
    (("payment", "collect", "--account", "E-1"), "no_payment_method"),
    (("payment", "collect", "--account", "A-1", "--method", "bank"), "payment_method_unknown"),
    # what is void, or no invoice, or not the latest
    (("invoice", "credit", "second"), "invoice_void"),
    (("invoice", "void", "second", "--yes"), "invoice_void"),
    ((*CREDIT, "1.00", "--invoice", "second", *LINE), "invoice_void"),
    (("invoice", "void", "CN-000001", "--yes"), "invoice_void"),
    (("invoice", "credit", "CN-000001"), "invoice_void"),
    (("invoice", "credit", "CN-000002"), "invoice_not_creditable"),
    (("invoice", "void", "CN-000002", "--yes"), "invoice_is_reversal"),
    (("invoice", "void", OF_PARENT, "--yes"), "invoice_not_latest"),
    (("invoice", "void", OF_PARENT), "not_confirmed"),
    # nothing of that name
    (("invoice", "void", "INV-1", "--yes"), "invoice_unknown"),
    (("payment", "show", "abcdef01"), "payment_unknown"),
    (("payment", "list", "--account", "X-1"), "account_unknown"),
    (("credit", "list", "--account", "X-1"), "account_unknown"),
    (("contract", "list", "--account", "X-1"), "account_unknown"),
    (("invoice", "overdue", "--account", "X-1"), "account_unknown"),
    (("ledger", "statement", "X-1"), "account_unknown"),
    (("ledger", "journal", "--account", "X-1"), "account_unknown"),
    (("account", "balance", "X-1"), "account_unknown"),
    # a period the wrong way round
    (("ledger", "statement", "A-1", *BACKWARDS), "period_end_before_start"),
    (("ledger", "journal", *BACKWARDS), "period_end_before_start"),
    (("ledger", "export", *BACKWARDS), "period_end_before_start"),
    (("gl-code", "show", "9999"), "gl_code_unknown"),
    *(
        ((*words, "A-1", "5.00", "--gl-code", "nope"), "gl_code_unknown")
        for words in (("credit", "add"), ("account", "debit"), ("account", "charge"))
    ),
    (("ar-term", "show", "Mild"), "ar_term_unknown"),
    (("contract", "terminate", "K-1"), "contract_unknown"),
    (("credit", "remove", "00000000"), "transaction_unknown"),
]


@pytest.mark.parametrize(("words", "code"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_it_is_refused_and_changes_nothing(world: World, words: tuple[str, ...], code: str) -> None:
    named: dict[str, Any] = {**numbers(world), "PAYMENT": payment(world)}
    before = events(world)
    assert world.refused(*(named.get(word, word) for word in words)) == code
    assert events(world) == before


def test_nothing_came_of_it(world: World) -> None:
    assert world.read("account", "balance", "A-1")["balance"] == "5.00"
    world.must("verify")


def test_no_line_is_credited_beyond_its_amount_by_way_of_a_debit(tmp_path: Path) -> None:
    """A debit makes up for credits of a line; while a credit rests on it, it stays."""
    world = World(tmp_path)
    world.apply(base(accounts=[account("A-1", package("a", "2020-09-01"))]))
    world.bill(*OCTOBER)
    (number,) = (invoice["number"] for invoice in world.invoices())
    debit = world.read("account", "debit", "A-1", "30.00", "--invoice", number, *LINE)
    over = ("invoice", "credit", number, *LINE, "--amount", "20.01")
    assert world.refused(*over) == "credit_too_large"
    world.must(*over[:-1], "20.00")
    world.must(*over[:-1], "20.00")
    assert world.refused("credit", "remove", debit["transaction"]) == "credit_too_large"
    world.must("invoice", "void", "CN-000002", "--yes")
    world.must("credit", "remove", debit["transaction"])
    assert world.refused(*over[:-1], "0.01") == "credit_too_large"
    assert world.read("account", "balance", "A-1")["balance"] == "0.00"
    world.must("verify")
