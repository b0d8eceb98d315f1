"""R17: invoice and due dates, from the bill group's settings."""

from typing import Any

import pytest

from tests.rules.support import group
from tests.support.world import World, account, base, package


def dates(world: World, start: str, end: str, *more: str, **settings: Any) -> tuple[str, str]:
    """Invoice and due date of the invoice of a period; the package is due on the 1st."""
    day = settings.pop("bill_day", 1)
    accounts = [account("A-1", package("p", "2020-01-01"), bill_day=day)]
    world.apply(base(bill_groups=[group(**settings)], accounts=accounts))
    world.bill(start, end, "--catch-up", "all", *more)
    (invoice,) = world.invoices()
    return invoice["invoice_date"], invoice["due_date"]


@pytest.mark.parametrize(
    ("bill_day", "start", "end", "expected"),
    [
        (1, "2020-10-01", "2020-10-31", "2020-10-01"),
        (15, "2020-10-01", "2020-10-31", "2020-10-15"),
        (31, "2020-09-01", "2020-09-30", "2020-09-30"),
        (31, "2020-10-01", "2020-10-30", "2020-10-30"),
        (31, "2020-09-01", "2020-10-30", "2020-09-30"),
        (1, "2020-09-15", "2020-11-15", "2020-11-01"),
        (1, "2020-10-02", "2020-10-20", "2020-10-20"),
        (30, "2020-02-01", "2020-02-29", "2020-02-29"),
    ],
)
def test_the_invoice_date_is_the_last_bill_day_in_the_period_or_its_end(
    world: World, bill_day: int, start: str, end: str, expected: str
) -> None:
    assert dates(world, start, end, bill_day=bill_day) == (expected, expected)


def test_the_render_date_is_the_business_date(world: World) -> None:
    found = dates(world, "2020-10-01", "2020-10-31", invoice_date="render_date")
    assert found == ("2020-10-05", "2020-10-05")


def test_the_render_date_is_the_posting_date_when_one_is_given(world: World) -> None:
    settings = {"invoice_date": "render_date", "due_date": "render_date", "payment_term": "net 5"}
    posting = ("--posting-date", "2020-10-20")
    found = dates(world, "2020-10-01", "2020-10-31", *posting, **settings)
    assert found == ("2020-10-20", "2020-10-25")


def test_each_date_follows_its_own_setting(world: World) -> None:
    settings = {"invoice_date": "bill_day", "due_date": "render_date", "payment_term": "net 10"}
    assert dates(world, "2020-10-01", "2020-10-31", **settings) == ("2020-10-01", "2020-10-15")


@pytest.mark.parametrize(
    ("term", "posting", "due"),
    [
        ("net 20", "2020-10-12", "2020-11-01"),
        ("net 0", "2020-10-12", "2020-10-12"),
        ("due on receipt", "2020-10-12", "2020-10-12"),
        ("day 10", "2020-10-10", "2020-11-10"),
        ("day 10", "2020-10-09", "2020-10-10"),
        ("day 31", "2023-02-01", "2023-02-28"),
        ("day 31", "2023-02-28", "2023-03-31"),
        ("day 31", "2024-02-01", "2024-02-29"),
    ],
)
def test_payment_terms(world: World, term: str, posting: str, due: str) -> None:
    settings = {"invoice_date": "bill_day", "due_date": "render_date", "payment_term": term}
    found = dates(world, "2020-10-01", "2020-10-31", "--posting-date", posting, **settings)
    assert found[1] == due


def test_a_due_date_before_the_invoice_date_becomes_the_invoice_date(world: World) -> None:
    settings = {"invoice_date": "render_date", "due_date": "bill_day", "payment_term": "net 3"}
    found = dates(world, "2020-10-01", "2020-10-31", **settings)
    assert found == ("2020-10-05", "2020-10-05")


def test_the_bill_day_is_the_invoicers(world: World) -> None:
    accounts = [
        account("P-1", bill_day=20),
        account("C-1", package("c", "2020-08-20"), invoicer="P-1", bill_day=20),
    ]
    world.apply(base(accounts=accounts))
    world.bill("2020-10-01", "2020-10-31", "--catch-up", "all")
    assert world.invoices()[0]["invoice_date"] == "2020-10-20"
