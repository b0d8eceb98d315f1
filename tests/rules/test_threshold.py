"""R18: the render threshold."""

from typing import Any

import pytest

from tests.rules.support import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    bill_account,
    failed,
    group,
    lines,
    rates,
    show,
    sold,
    three_runs,
)
from tests.support.world import World, account, base, package


def threshold(amount: str, *accounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return base(bill_groups=[group(render_threshold=amount)], accounts=list(accounts), **more)


def test_below_it_charges_wait_and_count_the_next_time(world: World) -> None:
    world.apply(threshold("40.00", account("A-1", package("p", "2020-09-01"))))
    first = world.bill(*OCTOBER)
    found = show(world, first)
    assert (found["cycles_billed"], found["invoices_generated"]) == (1, 0)
    assert (found["status"], world.next_bill_date("p")) == ("completed", "2020-11-01")
    world.bill(*NOVEMBER)
    assert world.totals() == ["40.00"]
    assert [row[3] for row in lines(world)] == ["2020-10-01", "2020-11-01"]


def test_what_waits_meets_it_although_nothing_new_is_charged(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(threshold("30.00", *accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER)
    world.apply(base(bill_groups=[group(render_threshold="20.00")], bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Invoice")
    assert world.totals() == ["20.00"]


@pytest.mark.parametrize(("amount", "made"), [("39.99", 1), ("40.00", 1), ("40.01", 0)])
def test_the_whole_family_counts_together(world: World, amount: str, made: int) -> None:
    child = account("C-1", package("c", "2020-09-01"), invoicer="P-1")
    world.apply(threshold(amount, account("P-1", package("p", "2020-09-01")), child))
    world.bill(*OCTOBER)
    assert len(world.invoices()) == made


@pytest.mark.parametrize(("amount", "made"), [("20.00", 1), ("20.01", 1), ("20.02", 0)])
def test_it_is_in_the_owners_currency_and_converted(world: World, amount: str, made: int) -> None:
    """20.01 USD are 17.01 EUR at 0.85, 20.02 USD are 17.02 EUR; 17.01 EUR are charged."""
    held = package("p", "2020-09-01", price="17.01")
    world.apply(threshold(amount, account("A-1", held, currency="EUR")))
    world.bill(*OCTOBER)
    assert len(world.invoices()) == made


def test_a_threshold_that_cannot_be_converted_is_a_failure(world: World) -> None:
    sets = [rates("October 2020", "2020-10-01")]
    held = account("A-1", package("p", "2020-09-01"), currency="EUR")
    world.apply(threshold("5.00", held, exchange_rates=sets))
    execution = world.bill(*OCTOBER, status=3)
    assert failed(world, execution) == [("A-1", "rate_missing")]
    assert world.next_bill_date("p") == "2020-10-01"


def test_zero_means_none(world: World) -> None:
    world.apply(threshold("0.00", account("A-1", package("p", "2020-09-01", price="0.01"))))
    world.bill(*OCTOBER)
    assert world.totals() == ["0.01"]


def test_it_does_not_hold_back_a_negative_total(world: World) -> None:
    packages = [sold("line", "31.00", billing="advance")]
    held = account("A-1", package("p", "2020-10-01", "line"), package("q", "2020-10-01", "line"))
    world.apply(threshold("50.00", held, packages=packages))
    world.bill(*OCTOBER)
    for ref in ("p", "q"):
        world.must("account-package", "suspend", ref, "--as-of", "2020-10-02")
    world.bill(*NOVEMBER)
    assert world.totals() == ["62.00", "-60.00"]


def test_it_does_not_hold_back_the_last_charge(world: World) -> None:
    held = package("p", "2020-09-01", cancel="2020-10-15")
    world.apply(threshold("100.00", account("A-1", held)))
    world.bill(*OCTOBER)
    assert world.invoices() == []
    world.bill(*NOVEMBER)
    assert world.next_bill_date("p") is None
    (invoice,) = world.invoices()
    assert [row["amount"] for row in invoice["lines"]] == ["20.00", "9.03"]


def test_a_package_of_the_family_with_a_next_bill_date_keeps_it_in_force(world: World) -> None:
    held = package("p", "2020-09-01", cancel="2020-10-15")
    other = account("C-1", package("c", "2020-10-01", price="1.00"), invoicer="P-1")
    world.apply(threshold("100.00", account("P-1", held), other))
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    assert world.invoices() == []
    world.must("account-package", "cancel", "c", "--as-of", "2020-11-02")
    world.bill(*DECEMBER)
    assert [row[0] for row in lines(world)] == ["c", "c", "p", "p"]


def test_what_lies_after_the_period_does_not_count(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(threshold("40.00", *accounts, bill_runs=three_runs()))
    world.bill("2020-10-01", "2020-11-30", "--catch-up", "all", run="Charge")
    world.bill(*OCTOBER, run="Invoice")
    assert world.invoices() == []
    world.bill(*NOVEMBER, run="Invoice")
    assert world.totals() == ["40.00"]


def test_a_package_of_an_excluded_member_keeps_it_in_force(world: World) -> None:
    held = package("p", "2020-09-01", cancel="2020-09-15")
    other = account("C-1", package("c", "2020-09-01"), invoicer="P-1")
    setup = threshold("100.00", account("P-1", held), other)
    setup["bill_groups"][0]["exclude"] = ["C-1"]
    world.apply(setup)
    world.bill(*OCTOBER)
    assert (world.next_bill_date("p"), world.next_bill_date("c")) == (None, "2020-10-01")
    assert world.invoices() == []


def test_a_package_of_a_suspended_member_keeps_it_in_force(world: World) -> None:
    held = package("p", "2020-09-01", cancel="2020-09-15")
    other = account("C-1", package("c", "2020-09-01"), invoicer="P-1", status="suspended")
    world.apply(threshold("100.00", account("P-1", held), other))
    world.bill(*OCTOBER)
    assert world.invoices() == []


def test_billing_one_account_does_not_forget_the_others_packages(world: World) -> None:
    held = account("P-1", package("p", "2020-09-01", cancel="2020-09-15"))
    other = account("C-1", package("c", "2020-09-01"), invoicer="P-1")
    world.apply(threshold("100.00", held, other))
    assert bill_account(world, "P-1", *OCTOBER, "--catch-up", "1").status == 0
    assert (world.next_bill_date("c"), world.invoices()) == ("2020-11-01", [])
    third = account("C-2", package("d", "2020-09-01", cancel="2020-09-02"), invoicer="P-1")
    world.apply(base(bill_groups=[group(render_threshold="100.00")], accounts=[third]))
    assert bill_account(world, "C-2", *OCTOBER).status == 0
    assert world.invoices() == []
