"""The journal, the trial balance and what other programs make of them (R26)."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from projections.owed import BUCKETS
from tests.support.ledgers import bean_check, hledger
from tests.support.world import World, account, base, package

ADVANCE: dict[str, Any] = {
    "code": "adv",
    "name": "In advance",
    "frequency": "monthly",
    "billing": "advance",
    "prices": {"USD": "31.00"},
    "gl_code": "4100",
}
CODES: list[dict[str, Any]] = [
    {"code": "4000", "debit": "Assets:Receivable", "credit": "Income:Internet"},
    {
        "code": "4100",
        "debit": "Assets:Receivable",
        "credit": "Income:Advance",
        "deferred": "Liabilities:Deferred",
    },
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Arrears in two currencies under one invoicer, and a package in advance, billed on 5 Oct."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    setup = base(
        gl_codes=CODES,
        accounts=[
            account("P-1", currency="EUR"),
            account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
            account("A-1", package("a", "2020-09-01"), package("b", "2020-10-01", code="adv")),
        ],
    )
    setup["packages"].append(ADVANCE)
    world.apply(setup)
    world.bill("2020-10-01", "2020-10-31")
    return world


def balances(world: World, *more: str) -> dict[tuple[str, str], str]:
    """The trial balance as signed amounts."""
    return {
        (one["account"], one["currency"]): one["debit"] or f"-{one['credit']}"
        for one in world.read("ledger", "trial-balance", *more)
    }


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(1)


def test_charges_post_when_they_are_invoiced_in_the_invoices_currency(world: World) -> None:
    assert balances(world) == {
        ("Assets:Receivable", "EUR"): "17.00",
        ("Assets:Receivable", "USD"): "51.00",
        ("Income:Advance", "USD"): "-5.00",
        ("Income:Internet", "EUR"): "-17.00",
        ("Income:Internet", "USD"): "-20.00",
        ("Liabilities:Deferred", "USD"): "-26.00",
    }


def test_what_is_billed_in_advance_is_earned_day_by_day(world: World) -> None:
    for day in days(date(2020, 10, 5), date(2020, 10, 31)):
        found = balances(world, "--at", day.isoformat())
        earned = Decimal(found["Income:Advance", "USD"])
        assert earned == -day.day
        assert Decimal(found.get(("Liabilities:Deferred", "USD"), "0")) == day.day - 31
    assert balances(world, "--at", "2021-12-31") == balances(world, "--at", "2020-10-31")


def test_nothing_stands_before_it_was_posted(world: World) -> None:
    assert balances(world, "--at", "2020-10-04") == {}
    assert world.read("ledger", "journal", "--to", "2020-10-04") == []


def test_every_entry_balances_and_together_they_are_the_trial_balance(world: World) -> None:
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in world.read("ledger", "journal", "--to", "2020-10-31"):
        total = Decimal(0)
        for posting in entry["postings"]:
            amount = Decimal(posting["debit"] or f"-{posting['credit']}")
            key = (posting["account"], entry["currency"])
            sums[key] = sums.get(key, Decimal(0)) + amount
            total += amount
        assert total == 0
    trial = balances(world, "--at", "2020-10-31")
    assert sums == {key: Decimal(amount) for key, amount in trial.items()}


def test_the_journal_of_one_customer(world: World) -> None:
    entries = world.read("ledger", "journal", "--account", "P-1")
    assert [(one["entry"], one["reference"], one["currency"]) for one in entries] == [
        ("invoiced", "INV-007854", "EUR")
    ]


def test_tables_fit_and_total(world: World) -> None:
    shown = world.must("ledger", "trial-balance").out
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert shown.count("Total") == 2
    journal = world.must("ledger", "journal").out
    assert all(len(line) <= 80 for line in journal.splitlines())


def test_csv_holds_every_posting_once(world: World) -> None:
    text = world.must("ledger", "export", "--to", "2020-10-31").out
    rows = list(csv.DictReader(io.StringIO(text)))
    debits = sum(Decimal(row["debit"] or "0") for row in rows if row["currency"] == "USD")
    credits = sum(Decimal(row["credit"] or "0") for row in rows if row["currency"] == "USD")
    assert debits == credits == Decimal("77.00")


def test_hledger_checks_the_journal_and_finds_our_balances(world: World) -> None:
    path = world.folder / "books.journal"
    words = ("ledger", "export", "--format", "hledger", "--to", "2020-10-31")
    path.write_text(world.must(*words).out)
    hledger(path, "check", "--strict", "ordereddates")
    text = hledger(path, "balance", "--flat", "--no-total", "--output-format", "csv", "--empty")
    found = {
        (row["account"], currency): Decimal(amount)
        for row in csv.DictReader(io.StringIO(text))
        for currency, amount in (one.split() for one in row["balance"].split(", ") if " " in one)
    }
    ours = {k: Decimal(v) for k, v in balances(world, "--at", "2020-10-31").items()}
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in ours.items() if v}


def test_beancount_checks_the_ledger(world: World) -> None:
    path = world.folder / "books.beancount"
    words = ("ledger", "export", "--format", "beancount", "--to", "2020-10-31")
    ours = balances(world, "--at", "2020-10-31")
    asserted = "".join(
        f"2020-11-01 balance {account} {amount} {currency}\n"
        for (account, currency), amount in ours.items()
    )
    path.write_text(world.must(*words).out + asserted)
    assert bean_check(path) == ""
    path.write_text(
        path.read_text().replace("balance Income:Internet -17.00", "balance Income:Internet -16.00")
    )
    assert "Balance failed" in bean_check(path)


def test_a_run_does_not_pay_for_the_journal_and_verify_compares_it(world: World) -> None:
    assert "journal" not in {view["name"] for view in world.read("views", "list")}
    world.read("ledger", "trial-balance")
    world.must("verify")
    world.must("views", "rebuild", "journal")
    assert balances(world)["Assets:Receivable", "EUR"] == "17.00"


def test_receivables_by_age(world: World) -> None:
    def buckets(at: str) -> dict[str, str]:
        (found,) = [
            one for one in world.read("ledger", "aging", "--at", at) if one["account"] == "A-1"
        ]
        return {name: found[name] for name in found if found[name] not in ("0.00", "A-1", "USD")}

    assert buckets("2020-10-21") == {"current": "51.00", "total": "51.00"}
    assert buckets("2020-10-22") == {"1_30": "51.00", "total": "51.00"}
    assert buckets("2020-11-20") == {"1_30": "51.00", "total": "51.00"}
    assert buckets("2020-11-21") == {"31_60": "51.00", "total": "51.00"}
    assert buckets("2020-12-21") == {"61_90": "51.00", "total": "51.00"}
    assert buckets("2021-01-20") == {"over_90": "51.00", "total": "51.00"}
    assert world.read("ledger", "aging", "--at", "2020-10-04") == []


def test_a_credit_note_that_pays_nothing_yet_is_not_past_due(world: World) -> None:
    """It is money of the account, as what is left of a payment is (R23)."""
    number = world.read("invoice", "list", "--account", "A-1")[0]["number"]
    world.must("payment", "record", "A-1", "51.00", "--kind", "cash")
    world.must("invoice", "credit", number, "--line", "1", "--amount", "4.00")
    for day in ("2020-10-31", "2020-12-31", "2021-12-31"):
        rows = world.read("ledger", "aging", "--at", day)
        (found,) = [one for one in rows if one["account"] == "A-1"]
        assert {one for name, one in found.items() if name in BUCKETS} == {"0.00"}, day
        assert (found["unapplied"], found["total"]) == ("-4.00", "-4.00"), day


def test_a_statement_says_what_was_billed(world: World) -> None:
    found = world.read("ledger", "statement", "A-1", "--from", "2020-10-01", "--to", "2020-10-31")
    assert (found["opening_balance"], found["closing_balance"]) == ("0.00", "51.00")
    (entry,) = found["entries"]
    assert (entry["entry"], entry["amount"], entry["balance"]) == ("invoice", "51.00", "51.00")
    later = world.read("ledger", "statement", "A-1", "--from", "2020-11-01")
    assert (later["opening_balance"], later["entries"]) == ("51.00", [])
    assert world.refused("ledger", "statement", "A-9") == "account_unknown"
