"""R16, R28: conversion when a transaction is invoiced, and what a missing rate does."""

from typing import Any

import pytest

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    failed,
    family,
    lines,
    owner,
    rates,
    refused_setup,
    show,
    sold,
    three_runs,
)
from tests.support.world import World, account, base, package

SETS = [rates("October 2020", "2020-10-01", EUR="0.85"), rates("November", "2020-11-01", EUR="0.9")]


def charged_in_october(world: World, sets: list[dict[str, Any]], *more: dict[str, Any]) -> None:
    """The family's child is charged; the invoice waits. `Invoice` uses the current rates."""
    runs = [*three_runs()[:2], three_runs(exchange_rates="current")[2]]
    world.apply(base(exchange_rates=sets, accounts=[*family(), *more], bill_runs=runs))
    world.bill(*OCTOBER, run="Charge")
    world.must("clock", "advance", "--to", "2020-11-05T12:00:00Z")


def test_the_rates_are_those_of_the_execution_that_invoices(world: World) -> None:
    charged_in_october(world, SETS)
    world.bill(*NOVEMBER, run="Invoice")
    (invoice,) = world.invoices()
    (row,) = invoice["lines"]
    assert (invoice["exchange_rates"], invoice["total"]) == ("November", "18.00")
    assert (row["original_amount"], row["original_currency"]) == ("20.00", "USD")
    assert (row["rate_from"], row["rate_to"], row["rate"]) == ("1", "0.9", "0.90000000000")


def test_no_rate_is_needed_to_charge_only_to_invoice(world: World) -> None:
    runs = three_runs()
    world.apply(
        base(
            exchange_rates=[rates("October 2020", "2020-10-01")], accounts=family(), bill_runs=runs
        )
    )
    charged = world.bill(*OCTOBER, run="Charge")
    assert (show(world, charged)["cycles_billed"], failed(world, charged)) == (1, [])
    invoiced = world.bill(*OCTOBER, run="Invoice", status=3)
    assert failed(world, invoiced) == [("P-1", "rate_missing")]


def test_what_could_not_be_converted_waits_and_is_collected_later(world: World) -> None:
    charged_in_october(world, [rates("October 2020", "2020-10-01")])
    world.bill(*NOVEMBER, run="Invoice", status=3)
    assert world.invoices() == []
    world.apply(base(exchange_rates=[rates("November", "2020-11-01", EUR="0.90")],
                     bill_runs=three_runs(exchange_rates="current")))  # fmt: skip
    world.bill(*NOVEMBER, run="Invoice")
    assert world.totals() == ["18.00"]


def test_a_missing_rate_fails_the_whole_family_without_a_trace(world: World) -> None:
    packages = [sold("line", "10.00", prices={"USD": "10.00", "EUR": "9.00"})]
    accounts = [
        account("P-1", package("p", "2020-09-01", "line"), currency="EUR"),
        account("C-1", package("c1", "2020-09-01", "line"), invoicer="P-1"),
        account("C-2", package("c2", "2020-09-01", "line"), invoicer="P-1", currency="EUR"),
        account("A-2", package("a", "2020-09-01", "line")),
    ]
    sets = [rates("October 2020", "2020-10-01")]
    world.apply(base(packages=packages, accounts=accounts, exchange_rates=sets))
    execution = world.bill(*OCTOBER, status=3)
    assert failed(world, execution) == [("P-1", "rate_missing")]
    assert [world.next_bill_date(ref) for ref in ("p", "c1", "c2")] == ["2020-10-01"] * 3
    assert [found["number"] for found in world.invoices()] == ["INV-007854"]
    found = show(world, execution)
    assert (found["failed"], found["cycles_billed"], found["left_behind"]) == (1, 1, 3)
    assert found["totals"] == {"USD": "10.00"}


@pytest.mark.parametrize(
    ("price", "currency", "target", "sets", "amount"),
    [
        ("10.00", "GBP", "EUR", {"GBP": "0.79", "EUR": "0.85"}, "10.76"),
        ("1000", "JPY", "EUR", {"JPY": "151.37", "EUR": "0.85"}, "5.62"),
        ("10.00", "EUR", "USD", {"EUR": "0.85"}, "11.76"),
        ("10.00", "USD", "JPY", {"JPY": "151.37"}, "1514"),
    ],
)
def test_cross_rates_are_multipliers_from_the_default_currency(
    world: World, price: str, currency: str, target: str, sets: dict[str, str], amount: str
) -> None:
    packages = [sold("line", "", prices={currency: price})]
    accounts = [
        account("P-1", currency=target),
        account("C-1", package("c", "2020-09-01", "line"), currency=currency, invoicer="P-1"),
    ]
    world.apply(
        base(
            owner=owner(currencies=["USD", "EUR", "GBP", "JPY"]),
            exchange_rates=[rates("October 2020", "2020-10-01", **sets)],
            packages=packages,
            accounts=accounts,
        )
    )
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    (row,) = invoice["lines"]
    assert (row["amount"], row["currency"], invoice["total"]) == (amount, target, amount)
    assert (row["original_amount"], row["original_currency"]) == (price, currency)
    assert (row["rate_from"], row["rate_to"]) == (sets.get(currency, "1"), sets.get(target, "1"))


def test_each_line_is_rounded_and_the_total_is_their_sum(world: World) -> None:
    packages = [sold("line", "0.01"), sold("two", "0.03")]
    held = [package(f"c{n}", "2020-09-01", "line") for n in range(3)]
    accounts = [account("P-1", currency="EUR"), account("C-1", *held, invoicer="P-1")]
    sets = [rates("October 2020", "2020-10-01", EUR="0.6")]
    world.apply(base(packages=packages, accounts=accounts, exchange_rates=sets))
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert [row["amount"] for row in invoice["lines"]] == ["0.01"] * 3
    assert invoice["total"] == "0.03"


def test_a_rounded_original_is_converted_not_the_exact_one(world: World) -> None:
    packages = [sold("line", "1.00")]
    accounts = [
        account("P-1", currency="EUR"),
        account("C-1", package("c", "2020-10-21", "line"), invoicer="P-1"),
    ]
    sets = [rates("October 2020", "2020-10-01", EUR="100")]
    world.apply(base(packages=packages, accounts=accounts, exchange_rates=sets))
    world.bill(*NOVEMBER)
    (row,) = world.invoices()[0]["lines"]
    assert (row["original_amount"], row["amount"], row["days"]) == ("0.35", "35.00", 11)


def test_a_rate_once_used_cannot_be_changed_or_taken_away(world: World) -> None:
    world.apply(base(accounts=family()))
    world.bill(*OCTOBER)
    for wrong in ({"EUR": "0.86"}, {"EUR": None}):
        changed = [{"name": "October 2020", "effective": "2020-10-01", "rates": wrong}]
        assert refused_setup(world, base(exchange_rates=changed)) == "rate_used"


def test_a_rate_not_yet_used_can_be_changed(world: World) -> None:
    world.apply(base(accounts=family()))
    world.apply(base(exchange_rates=[rates("October 2020", "2020-10-01", EUR="0.90")]))
    world.bill(*OCTOBER)
    assert world.totals() == ["18.00"]


def test_a_missing_rate_may_be_added_to_a_set_in_use(world: World) -> None:
    world.apply(base(owner=owner(currencies=["USD", "EUR", "GBP"]), accounts=family()))
    world.bill(*OCTOBER)
    more = [rates("October 2020", "2020-10-01", EUR="0.85", GBP="0.79")]
    world.apply(base(owner=owner(currencies=["USD", "EUR", "GBP"]), exchange_rates=more))
    shown = world.read("exchange-rates", "show", "October 2020")
    assert shown["rates"] == {"EUR": "0.85", "GBP": "0.79"}


def test_an_invoice_in_the_currency_of_its_accounts_needs_no_rate(world: World) -> None:
    child = account("C-1", package("c", "2020-09-01"), currency="EUR", invoicer="P-1")
    accounts = [account("P-1", currency="EUR"), child]
    world.apply(base(exchange_rates=[rates("October 2020", "2020-10-01")], accounts=accounts))
    world.bill(*OCTOBER)
    (row,) = world.invoices()[0]["lines"]
    assert (row["original_amount"], row["rate"], row["rate_from"]) == (None, None, None)
    assert lines(world) == [("c", "recurring", "2020-09-01", "2020-10-01", 30, "18.00")]
