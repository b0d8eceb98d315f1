"""R25: credit notes with numbers of their own, manual transactions, and what stands on a line."""

from pathlib import Path

import pytest

from tests.support.world import World, account, base, package

OCTOBER = ("2020-10-01", "2020-10-31")
NOVEMBER = ("2020-11-01", "2020-11-30")


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    setup = base(accounts=[account("C-1", package("C-1/internet", "2020-09-01"))])
    setup["owner"]["credit_note_numbers"] = {"prefix": "CN-", "start": 100, "length": 5}
    made.apply(setup)
    made.bill(*OCTOBER)
    return made


def credit(world: World, *words: str) -> str:
    return world.must("invoice", "credit", "INV-007854", *words).out


def test_a_line_is_credited_by_a_document_with_its_own_number(world: World) -> None:
    told = credit(world, "--line", "1", "--amount", "5.00", "--reason", "slow line")
    assert told == "Credited invoice INV-007854 with credit note CN-00100.\n"
    invoice, note = world.invoices()
    assert (note["number"], note["series"]) == ("CN-00100", "credit_note")
    assert (note["kind"], note["reverses"]) == ("credit_note", "INV-007854")
    assert (note["total"], note["balance"]) == ("-5.00", "0.00")
    assert (invoice["status"], invoice["balance"]) == ("posted", "15.00")
    (line,) = note["lines"]
    assert (line["kind"], line["description"]) == ("credit", "slow line")
    explained = world.read("explain", "CN-00100")
    assert explained["lines"][0]["because"] == "credits line 1 of invoice INV-007854: slow line"
    world.must("verify")


def test_numbers_of_both_series_have_no_gap(world: World) -> None:
    credit(world, "--line", "1", "--amount", "1.00")
    world.bill(*NOVEMBER)
    credit(world, "--line", "1", "--amount", "1.00")
    assert [invoice["number"] for invoice in world.invoices()] == [
        "INV-007854",
        "CN-00100",
        "INV-007855",
        "CN-00101",
    ]
    world.must("verify")


def test_no_line_is_credited_beyond_its_amount(world: World) -> None:
    over = ("invoice", "credit", "INV-007854", "--line", "1", "--amount")
    assert world.refused(*over, "20.01") == "credit_too_large"
    credit(world, "--line", "1", "--amount", "19.99")
    assert world.refused(*over, "0.02") == "credit_too_large"
    waiting = ("credit", "add", "C-1", "0.02", "--invoice", "INV-007854", "--line", "1")
    assert world.refused(*waiting) == "credit_too_large"
    credit(world)
    assert world.refused("invoice", "credit", "INV-007854") == "nothing_to_credit"
    assert [invoice["total"] for invoice in world.invoices()] == ["20.00", "-19.99", "-0.01"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--line", "2", "--amount", "1.00"), "line_unknown"),
        (("--line", "0"), "line_unknown"),
        (("--line", "1", "--amount", "0.00"), "amount_not_positive"),
        (("--line", "1", "--amount", "-1.00"), "amount_not_positive"),
        (("--line", "1", "--amount", "1.001"), "amount_too_precise"),
        (("--line", "1", "--amount", "lots"), "amount_invalid"),
    ],
)
def test_a_credit_that_cannot_be(world: World, words: tuple[str, ...], code: str) -> None:
    assert world.refused("invoice", "credit", "INV-007854", *words) == code
    assert len(world.invoices()) == 1


def test_a_credited_invoice_is_voided_after_its_credit_note(world: World) -> None:
    credit(world, "--line", "1", "--amount", "5.00")
    assert world.refused("invoice", "void", "INV-007854", "--yes") == "invoice_credited"
    world.must("invoice", "void", "CN-00100", "--yes")
    invoice, note, back = world.invoices()
    assert invoice["balance"] == "20.00"
    assert (note["status"], note["balance"]) == ("void", "0.00")
    assert (back["number"], back["total"], back["balance"]) == ("CN-00101", "5.00", "0.00")
    world.must("invoice", "void", "INV-007854", "--yes")
    world.bill(*OCTOBER)
    assert world.totals()[-1] == "20.00"
    world.must("verify")


def test_a_line_adjusted_by_a_credit_on_the_next_invoice(world: World) -> None:
    asked = world.read("credit", "add", "C-1", "3.00", "--invoice", "INV-007854", "--line", "1")
    assert world.refused("invoice", "void", "INV-007854", "--yes") == "invoice_credited"
    world.must("credit", "remove", asked["transaction"])
    assert world.refused("credit", "remove", asked["transaction"]) == "transaction_not_waiting"
    (listed,) = world.read("credit", "list")
    assert (listed["status"], listed["corrects"], listed["line"]) == ("removed", "INV-007854", 1)
    world.must("credit", "add", "C-1", "20.00", "--invoice", "INV-007854", "--line", "1")
    world.bill(*NOVEMBER)
    assert world.totals() == ["20.00"]  # nothing comes of it: R20
    world.must("verify")


def test_bad_input_of_manual_transactions(world: World) -> None:
    assert world.refused("credit", "add", "C-1", "1.00", "--currency", "EUR") == "wrong_currency"
    assert world.refused("credit", "add", "X-1", "1.00") == "account_unknown"
    assert world.refused("account", "charge", "C-1", "0.00") == "amount_not_positive"
    assert world.refused("credit", "remove", "00000000") == "transaction_unknown"
    assert world.refused("credit", "add", "C-1", "1.00", "--line", "1") == "invoice_missing"
    assert world.read("account", "transactions", "C-1") == []


def test_the_same_command_again_changes_nothing(world: World) -> None:
    words = ("account", "debit", "C-1", "7.00", "--command-id", "once")
    assert world.read(*words)["changed"] is True
    assert world.read(*words)["changed"] is False
    assert len(world.read("account", "transactions", "C-1")) == 1
    assert world.refused("account", "debit", "C-1", "8.00", "--command-id", "once") == (
        "command_id_reused"
    )
