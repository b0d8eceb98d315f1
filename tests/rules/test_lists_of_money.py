"""The listing verbs of money owed: a table for people and one document for programs, also empty."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.support import OCTOBER
from tests.support.world import World, account, base, package

LISTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("credit", "list"): ("There are none.", "C-1      2020-10-05  a day"),
    ("account", "transactions", "C-1"): ("There are none.", "credit  2020-10-05  a day"),
    ("payment", "list"): ("There are no payments.", "succeeded  cash"),
    ("payment-method", "list", "--account", "C-1"): (
        "There are no payment methods.",
        "visa    card",
    ),
    ("contract", "list"): ("There are no contracts.", "C-1/2020  C-1      active"),
    ("invoice", "overdue", "--all"): ("No invoice is overdue.", "INV-007854  C-1"),
    ("ar-term", "list"): ("There are no AR terms.", "Strict  net 5"),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def fill(world: World) -> None:
    """Something for every list."""
    method = {"id": "visa", "kind": "card", "token": "pm_1", "auto_pay": True}
    held = package("C-1/internet", "2020-09-01")
    contract = {"id": "C-1/2020", "account": "C-1", "start": "2020-10-01", "term": "annual"}
    world.apply(
        base(
            ar_terms=[{"name": "Strict", "payment_term": "net 5"}],
            accounts=[account("C-1", held, payment_methods=[method])],
            contracts=[contract],
        )
    )
    world.must("payment", "record", "C-1", "2.00", "--kind", "cash")
    world.bill(*OCTOBER)
    world.must("credit", "add", "C-1", "25.00", "--reason", "a day")
    world.must("payment", "record", "C-1", "1.00", "--kind", "cash")


@pytest.mark.parametrize("words", LISTS)
def test_a_list_says_that_it_is_empty_or_what_is_in_it(
    world: World, words: tuple[str, ...]
) -> None:
    empty, row = LISTS[words]
    world.apply(base(accounts=[account("C-1")]))
    assert world.must(*words).out == f"{empty}\n"
    assert world.must(*words, "--json").out == "[]\n"
    fill(world)
    table = world.must(*words).out
    assert row in table
    assert "None" not in table
    assert len(world.read(*words)) == len(table.splitlines()) - 2


def test_gl_codes_are_there_without_setup(world: World) -> None:
    table = world.must("gl-code", "list").out
    listed = world.read("gl-code", "list")
    rows = [line for line in table.splitlines()[2:] if not line.startswith(" ")]
    assert [row.split()[0] for row in rows] == [one["code"] for one in listed]
    assert "charge_back  Charge-backs" in table
    is_whole(table, listed, "name", "debit", "credit", "deferred")


def is_whole(table: str, rows: list[dict[str, Any]], *keys: str) -> None:
    """At 80 columns nothing is cut, and every part of the values is there."""
    assert max(map(len, table.splitlines())) <= 80, table
    assert "…" not in table
    for row in rows:
        for part in " ".join(row[key] or "" for key in keys).replace(":", ": ").split():
            assert part in table, f"{part}\n{table}"


def test_long_names_in_the_books_and_of_runs_are_whole_at_80_columns(world: World) -> None:
    advance = {
        "code": "5000",
        "name": "Business broadband, billed in advance",
        "debit": "Assets:Receivable",
        "credit": "Income:Broadband:Business",
        "deferred": "Liabilities:Deferred-Revenue",
    }
    run = {**base()["bill_runs"][0], "name": "monthly-business-customers of the northern region"}
    setup = base(
        gl_codes=[advance],
        bill_runs=[run],
        accounts=[account(f"{LONG}1", package("c", "2020-09-01"))],
    )
    setup["packages"][0] |= {"gl_code": "5000", "prices": {"USD": "12499.00"}}
    world.apply(setup)
    world.bill(*OCTOBER, run=run["name"])
    is_whole(world.must("gl-code", "list").out, [advance], "name", "debit", "credit", "deferred")
    entries = world.read("ledger", "journal")
    postings = [posting for entry in entries for posting in entry["postings"]]
    table = world.must("ledger", "journal").out
    is_whole(table, postings, "account", "debit", "credit")
    is_whole(table, entries, "reference", "customer", "date")
    completed = world.must("bill-run", "completed").out
    assert max(map(len, completed.splitlines())) <= 80, completed
    _, rule, *rows = completed.splitlines()
    first, second = (len(column) for column in rule.split()[:2])
    begin = rule.index("─", first)
    written = "".join(row[begin : begin + second] for row in rows).replace(" ", "")
    assert written == run["name"].replace(" ", "")


def firsts(world: World, *words: str) -> list[str]:
    """The first column of a table."""
    return [line.split()[0] for line in world.must(*words).out.splitlines()[2:]]


def test_things_of_one_account_are_told_apart_by_the_digits_that_lists_show(world: World) -> None:
    """Their ids begin alike: with those of the account."""
    world.apply(base(accounts=[account("C-1")]))
    for amount in ("1.00", "2.00"):
        world.must("payment", "record", "C-1", amount, "--kind", "cash")
        world.must("credit", "add", "C-1", amount)
    first, second = firsts(world, "payment", "list")
    assert world.read("payment", "show", second)["amount"] == "2.00"
    world.must("payment", "refund", first, "--yes")
    assert world.read("account", "balance", "C-1")["undisbursed"] == "2.00"
    entries = world.must("ledger", "statement", "C-1").out
    assert f"payment  {first}" in entries
    assert f"payment  {second}" in entries
    one, other = firsts(world, "account", "transactions", "C-1")
    world.must("credit", "remove", one)
    listed = {row["id"][-8:]: row["status"] for row in world.read("credit", "list")}
    assert listed == {one: "removed", other: "waiting"}
    begin = world.read("payment", "list")[0]["id"][:8]
    assert world.refused("payment", "show", begin) == "id_ambiguous"


LONG = "CUST-0000123"


def test_lists_of_long_numbers_and_large_amounts_fit_and_tell_their_rows_apart(
    world: World,
) -> None:
    """At 80 columns; what stands for a row is whole in it."""
    dear = {"code": "fibre-1000", "name": "Fibre", "frequency": "monthly"}
    levels = [{"event": "after", "days": 1, "action": "notify", "notice": "first-reminder"}]
    commitment = {"amount": "250000.00", "per": "quarterly"}
    contracts = [
        {"id": f"{LONG}{n}/2020", "account": f"{LONG}{n}", "start": "2020-10-01", "term": "annual"}
        | {"commitment": commitment}
        for n in "12"
    ]
    accounts = [
        account(f"{LONG}{n}", package(f"{LONG}{n}/fibre-1000", "2020-09-01", "fibre-1000"))
        for n in "123"
    ]
    terms = [{"name": "Standard 30 days", "payment_term": "due on receipt", "levels": levels}]
    world.apply(
        base(
            owner={
                **base()["owner"],
                "invoice_numbers": {"prefix": "NW-2020-", "start": 1, "length": 6},
            },
            ar_terms=terms,
            packages=[{**dear, "prices": {"USD": "12499.00"}}],
            accounts=[{**one, "ar_term": "Standard 30 days"} for one in accounts],
            contracts=contracts,
        )
    )
    world.bill(*OCTOBER)
    for n in "12":
        world.must("payment", "record", f"{LONG}{n}", "45000.00", "--kind", "transfer")
        world.must("credit", "add", f"{LONG}{n}", "5.00", "--reason", "as promised on the phone")
        world.must("account", "charge", f"{LONG}{n}", "12500.00", "--reason", "a new router")
    world.must("clock", "advance", "--to", "2020-11-05T09:00:00Z")
    world.bill("2020-11-01", "2020-11-30")
    for words, whole in {
        ("payment", "list"): (f"{LONG}1", "7507.00 left", "transfer"),
        ("credit", "list"): (f"{LONG}1", f"{LONG}2", "NW-2020-00000"),
        ("account", "transactions", f"{LONG}1"): ("one time", "NW-2020-00000"),
        ("contract", "list"): (f"{LONG}1/2020", f"{LONG}2/2020", "USD quarterly"),
        ("ar-term", "list"): ("Standard 30 days", "(first-reminder)"),
        ("invoice", "list"): (f"{LONG}1", f"{LONG}2"),
        ("invoice", "overdue", "--all"): (f"{LONG}3", "NW-2020-00000"),
        ("account-package", "list"): (f"{LONG}1/fibre-1000", f"{LONG}2/fibre-1000"),
        ("ledger", "aging"): (f"{LONG}1", f"{LONG}2"),
        ("payment", "show", world.read("payment", "list")[0]["id"]): ("NW-2020-00000",),
        ("bill-run", "completed"): (),
    }.items():
        table = world.must(*words).out
        assert max(map(len, table.splitlines())) <= 80, f"{words}\n{table}"
        for text in whole:
            assert text in table, f"{text} in {words}\n{table}"


def test_who_asks_for_an_account_that_is_billed_to_another_is_told_where_its_invoices_are(
    world: World,
) -> None:
    accounts = [account("P-1"), account("C-1", package("c", "2020-09-01"), invoicer="P-1")]
    world.apply(base(accounts=accounts))
    world.bill(*OCTOBER)
    told = "invoices of account C-1 go to P-1: `billstream invoice list --account P-1`\n"
    for words in (("invoice", "list"), ("invoice", "overdue"), ("payment", "list")):
        assert world.must(*words, "--account", "C-1").err == told, words
        assert world.must(*words, "--account", "C-1", "--json").err == ""
        assert world.must(*words, "--account", "P-1").err == ""
        assert world.must(*words).err == ""
    assert world.must("invoice", "export", "--account", "C-1").err == told
    for words in (("ledger", "statement"), ("account", "balance")):
        assert world.read(*words, "C-1")["invoicer"] == "P-1"
        assert world.read(*words, "P-1")["invoicer"] == "P-1"
        assert "invoices go to" not in world.must(*words, "P-1").out
        card = [line.split() for line in world.must(*words, "C-1").out.splitlines()]
        assert ["invoices", "go", "to", "P-1"] in card
