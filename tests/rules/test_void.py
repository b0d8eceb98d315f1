"""R14, R21: voiding the latest invoice, and billing what it billed again (worked example 29)."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.world import World, account, base, package

OCTOBER = ("2020-10-01", "2020-10-31")
NOVEMBER = ("2020-11-01", "2020-11-30")
DECEMBER = ("2020-12-01", "2020-12-31")
OF_DOCUMENT = ("number", "execution", "reverses", "reversed_by", "status", "balance")


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.apply(
        base(
            accounts=[
                account("C-1", package("C-1/internet", "2020-09-01")),
                account("C-2", package("C-2/internet", "2020-09-15")),
            ]
        )
    )
    return made


def void(world: World, number: str, *more: str) -> None:
    world.must("invoice", "void", number, "--yes", *more)


def said(invoice: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in invoice.items() if key not in OF_DOCUMENT}


def sound(world: World) -> None:
    world.must("verify")


def test_example_29_the_charge_exists_twice_in_history(world: World) -> None:
    first = world.bill(*OCTOBER)
    before = {invoice["account"]: invoice for invoice in world.invoices()}
    void(world, "INV-007854", "--reason", "wrong price")
    second = world.bill(*OCTOBER)
    old, other, reversal, new = world.invoices()
    assert (old["status"], old["reversed_by"], old["balance"]) == ("void", "INV-007856", "0.00")
    assert (reversal["kind"], reversal["reverses"]) == ("reversal", "INV-007854")
    assert reversal["reason"] == "wrong price"
    assert [f"-{line['amount']}" for line in old["lines"]] == [
        line["amount"] for line in reversal["lines"]
    ]
    assert said(new) == said(before[new["account"]])
    assert [new["execution"], old["execution"]] == [second, first]
    assert other["status"] == "posted"
    ref = new["lines"][0]["account_package"]
    billed = [
        event["event"]
        for event in world.read("history", "list", "--type", "account_package.billed")
        if event["event"]["state"]["ref"] == ref
    ]
    assert [charge.get("round", 0) for one in billed for charge in one["charges"]] == [0, 1]
    sound(world)


def test_a_package_goes_back_and_only_its(world: World) -> None:
    world.bill(*OCTOBER)
    mine = world.invoices()[0]["lines"][0]["account_package"]
    other = "C-1/internet" if mine == "C-2/internet" else "C-2/internet"
    void(world, "INV-007854")
    assert world.next_bill_date(mine) == "2020-10-01"
    assert world.next_bill_date(other) == "2020-11-01"


def test_the_execution_is_still_what_it_was(world: World) -> None:
    execution = world.bill(*OCTOBER)
    void(world, "INV-007854")
    again = world.bill(*OCTOBER)
    for one in (execution, again):
        assert world.read("execution", "replay", one)["differences"] == []
    sound(world)


def test_only_the_latest_can_be_voided(world: World) -> None:
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    first, _, later, _ = world.invoices()
    if later["account"] != first["account"]:
        later = world.invoices()[3]
    assert world.refused("invoice", "void", first["number"], "--yes") == "invoice_not_latest"
    void(world, later["number"])
    void(world, first["number"])
    assert world.refused("invoice", "void", first["number"], "--yes") == "invoice_void"
    reversal = world.read("invoice", "show", first["number"])["reversed_by"]
    assert world.refused("invoice", "void", reversal, "--yes") == "invoice_is_reversal"
    assert world.refused("invoice", "void", "INV-1", "--yes") == "invoice_unknown"
    assert world.refused("invoice", "void", first["number"]) == "not_confirmed"
    world.bill(OCTOBER[0], NOVEMBER[1], "--catch-up", "all")
    (new,) = [i for i in world.invoices() if i["account"] == first["account"]][4:]
    assert [line["amount"] for line in new["lines"]] == [
        line["amount"] for line in (*first["lines"], *later["lines"])
    ]
    sound(world)


def test_manual_transactions_wait_again(world: World) -> None:
    world.must("credit", "add", "C-1", "5.00", "--reason", "a day without")
    world.must("account", "charge", "C-1", "49.00", "--reason", "technician")
    world.bill(*OCTOBER)
    (invoice,) = [i for i in world.invoices() if i["account"] == "C-1"]
    assert [line["amount"] for line in invoice["lines"]] == ["-5.00", "49.00", "20.00"]
    assert invoice["total"] == "64.00"
    void(world, invoice["number"])
    listed = world.read("account", "transactions", "C-1")
    assert [one["status"] for one in listed] == ["waiting", "waiting"]
    world.bill(*OCTOBER)
    new = world.invoices()[-1]
    assert said(new) == said(invoice)
    listed = world.read("account", "transactions", "C-1")
    assert {one["invoice"] for one in listed} == {new["number"]}
    sound(world)


def test_a_cancel_known_meanwhile_counts_at_once(world: World) -> None:
    world.bill(*OCTOBER)
    void(world, "INV-007854")
    ref = world.invoices()[0]["lines"][0]["account_package"]
    world.must("account-package", "cancel", ref, "--as-of", "2020-09-16")
    world.bill(*OCTOBER)
    assert world.invoices()[-1]["lines"][0]["service_period"]["end"] == "2020-09-16"
    sound(world)


def test_what_still_waits_goes_back_with_it(tmp_path: Path) -> None:
    """R21: with the later cycles that still wait."""
    world = World(tmp_path)
    setup = base(accounts=[account("C-1", package("C-1/internet", "2020-09-01"))])
    setup["bill_runs"].append(
        {**setup["bill_runs"][0], "name": "Charge only", "actions": ["bill_packages"]}
    )
    world.apply(setup)
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER, run="Charge only")
    assert world.next_bill_date("C-1/internet") == "2020-12-01"
    void(world, "INV-007854")
    assert world.next_bill_date("C-1/internet") == "2020-10-01"
    world.bill(OCTOBER[0], NOVEMBER[1], "--catch-up", "all")
    assert world.totals() == ["20.00", "-20.00", "40.00"]
    sound(world)


def test_a_package_that_has_ended_is_due_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    held = package("C-1/internet", "2020-09-01", cancel="2020-09-24")
    world.apply(base(accounts=[account("C-1", held)]))
    world.bill(*OCTOBER)
    assert world.next_bill_date("C-1/internet") is None
    before = world.invoices()[0]
    void(world, "INV-007854")
    assert world.next_bill_date("C-1/internet") == "2020-10-01"
    world.bill(*OCTOBER)
    assert said(world.invoices()[-1]) == said(before)
    assert world.next_bill_date("C-1/internet") is None
    sound(world)


def test_an_invoice_in_another_currency(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(
        base(
            accounts=[
                account("P-1", currency="EUR"),
                account("C-1", package("C-1/internet", "2020-09-01"), parent="P-1", invoicer="P-1"),
            ]
        )
    )
    world.must("credit", "add", "C-1", "4.00")
    world.bill(*OCTOBER)
    before = world.invoices()[0]
    assert before["total"] == "13.60"
    void(world, "INV-007854")
    reversal = world.invoices()[-1]
    assert (reversal["account"], reversal["total"]) == ("P-1", "-13.60")
    world.bill(*OCTOBER)
    assert said(world.invoices()[-1]) == said(before)
    sound(world)


def test_explain_says_what_became_of_it(world: World) -> None:
    world.bill(*OCTOBER)
    void(world, "INV-007854", "--reason", "wrong price")
    world.bill(*OCTOBER)
    for number in ("INV-007854", "INV-007857"):
        (line,) = world.read("explain", number)["lines"]
        assert (
            line["because"].startswith("the full period at 20.00 USD")
            or "× 16 ÷" in (line["because"])
        )
    explained = world.read("explain", "INV-007856")
    assert explained["reverses"] == "INV-007854"
    assert explained["lines"][0]["because"] == "takes back line 1 of invoice INV-007854"
