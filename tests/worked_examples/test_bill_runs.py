"""Worked examples 1-7 and 10 of the rules, through every layer: setup file, run, lists."""

import pytest

from tests.support.world import World, account, base, package

OCTOBER = ("2020-10-01", "2020-10-31")


def test_example_01_a_due_package_is_billed_once(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-08-01"))]))
    world.bill("2020-09-01", "2020-09-30")
    assert world.totals() == ["20.00"]
    assert world.next_bill_date("p") == "2020-10-01"


def test_example_02_a_package_outside_the_period_is_left_alone(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-10-01"))]))
    execution = world.bill(*OCTOBER)
    assert world.next_bill_date("p") == "2020-11-01"
    found = world.read("execution", "show", execution)
    assert (found["status"], found["packages_billed"]) == ("completed", 0)
    assert (found["left_behind"], found["failed"]) == (0, 0)
    assert world.invoices() == []


def family() -> list[dict[str, object]]:
    """The parent in EUR that receives the invoice of its child in USD."""
    return [
        account("P-1", currency="EUR"),
        account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
    ]


def test_example_03_a_child_is_invoiced_under_its_parent_in_the_parents_currency(
    world: World,
) -> None:
    world.apply(base(accounts=family()))
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    (line,) = invoice["lines"]
    assert (invoice["account"], invoice["currency"], invoice["total"]) == ("P-1", "EUR", "17.00")
    assert (line["account"], line["amount"], line["currency"]) == ("C-1", "17.00", "EUR")
    assert (line["original_amount"], line["original_currency"]) == ("20.00", "USD")
    assert (line["rate_from"], line["rate_to"], line["rate"]) == ("1", "0.85", "0.85000000000")
    assert invoice["exchange_rates"] == "October 2020"


def test_example_04_bill_account_bills_the_child_alone(world: World) -> None:
    world.apply(base(accounts=[*family(), account("A-2", package("a", "2020-09-01"))]))
    period = ("--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
    world.must("account", "bill", "C-1", "--bill-run", "Default", "--now", *period)
    (invoice,) = world.invoices()
    assert (invoice["account"], invoice["total"]) == ("P-1", "17.00")
    assert world.next_bill_date("c") == "2020-11-01"
    assert world.next_bill_date("a") == "2020-10-01"


def test_example_05_dates_by_the_bill_day(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-08-01"))]))
    world.bill("2020-09-01", "2020-09-30")
    (invoice,) = world.invoices()
    assert (invoice["invoice_date"], invoice["due_date"]) == ("2020-09-01", "2020-09-21")


def test_example_06_due_on_receipt_by_the_render_date(world: World) -> None:
    group = {
        "name": "Default Bill Group",
        "bill_day": 1,
        "due_date": "render_date",
        "invoice_date": "render_date",
    }
    world.must("clock", "advance", "--to", "2021-04-05T12:00:00Z")
    world.apply(base(bill_groups=[group], accounts=[account("A-1", package("p", "2021-03-01"))]))
    world.bill("2021-04-01", "2021-04-30")
    (invoice,) = world.invoices()
    assert (invoice["invoice_date"], invoice["due_date"]) == ("2021-04-05", "2021-04-05")


@pytest.mark.parametrize(
    ("price", "months", "totals"),
    [("19.99", 1, []), ("20.00", 1, ["20.00"]), ("19.99", 2, ["39.98"])],
)
def test_example_07_the_render_threshold(
    world: World, price: str, months: int, totals: list[str]
) -> None:
    group = {"name": "Default Bill Group", "bill_day": 1, "render_threshold": "20.00"}
    accounts = [account("A-1", package("p", "2020-09-01", price=price))]
    world.apply(base(bill_groups=[group], accounts=accounts))
    for month in range(months):
        world.bill(f"2020-{10 + month}-01", f"2020-{10 + month}-30")
    assert world.totals() == totals
    if totals == ["39.98"]:
        (invoice,) = world.invoices()
        assert [line["amount"] for line in invoice["lines"]] == ["19.99", "19.99"]


def test_example_10_the_first_number(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.bill(*OCTOBER)
    assert [invoice["number"] for invoice in world.invoices()] == ["INV-007854"]
