"""Complaints 12, 13 and 14: cents, previews that differ, and invoices that change afterwards."""

from decimal import Decimal
from typing import Any

import pytest

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    family,
    lines,
    owner,
    sold,
)
from tests.support.world import World, account, base, package


@pytest.mark.parametrize("price", ["0.01", "9.99", "10.00", "33.33", "100.01"])
def test_pain_12_the_total_is_the_sum_of_the_lines_one_reads(world: World, price: str) -> None:
    services = [{"code": code, "name": code, "prices": {"USD": price}} for code in ("a", "b", "c")]
    packages = [sold("bundle", "", services=services, billing="advance")]
    accounts = [
        account("P-1", currency="EUR"),
        account("C-1", package("p", "2020-10-12", "bundle"), invoicer="P-1"),
    ]
    world.apply(base(packages=packages, accounts=accounts))
    world.bill(*NOVEMBER)
    (invoice,) = world.invoices()
    amounts = [Decimal(row["amount"]) for row in invoice["lines"]]
    assert len(amounts) == 6
    assert sum(amounts) == Decimal(invoice["total"]) == Decimal(invoice["net"])


@pytest.mark.parametrize("cancel", ["2020-10-01", "2020-10-07", "2020-10-20", "2020-10-31"])
def test_pain_12_charge_and_credit_leave_what_would_have_been_charged(
    world: World, cancel: str
) -> None:
    packages = [sold("late", "9.99", billing="advance"), sold("known", "9.99", billing="advance")]
    held = [
        package("late", "2020-10-01", "late"),
        package("known", "2020-10-01", "known", cancel=cancel),
    ]
    world.apply(base(packages=packages, accounts=[account("A-1", *held)]))
    world.bill(*OCTOBER)
    world.must("account-package", "cancel", "late", "--as-of", cancel)
    world.bill(*NOVEMBER)
    totals = {"late": Decimal(0), "known": Decimal(0)}
    for row in lines(world):
        totals[row[0]] += Decimal(row[5])
    assert totals["late"] == totals["known"]


def test_pain_12_a_currency_without_cents(world: World) -> None:
    packages = [sold("line", "", prices={"JPY": "1000"})]
    held = package("p", "2020-10-22", "line")
    setup = base(packages=packages, accounts=[account("A-1", held, currency="JPY")])
    world.apply({**setup, "owner": owner(currencies=["USD", "JPY"]), "exchange_rates": [
        {"name": "October 2020", "effective": "2020-10-01", "rates": {}}
    ]})  # fmt: skip
    world.bill(*NOVEMBER)
    assert world.totals() == ["323"]


def test_pain_13_the_preview_shows_neither_more_nor_less_than_the_run(world: World) -> None:
    packages = [sold("ahead", "31.00", billing="advance"), *base()["packages"]]
    accounts = [
        *family(),
        account("A-1", package("a", "2020-10-01", "ahead"), package("b", "2020-09-15")),
        account("A-2", package("x", "2020-09-01", cancel="2020-09-20")),
    ]
    world.apply(base(packages=packages, accounts=accounts))

    def shown(found: dict[str, Any]) -> tuple[str, str, list[Any]]:
        return found["account"], found["total"], found["lines"]

    made = 0
    for period in (OCTOBER, NOVEMBER, ("2020-12-01", "2020-12-31")):
        expected = [shown(found) for found in world.preview(*period)["invoices"]]
        world.bill(*period)
        new = world.invoices()[made:]
        made += len(new)
        assert sorted(map(shown, new), key=lambda found: found[0]) == expected
        world.must("account-package", "set-price", "b", f"{made}.99", "--as-of", period[1])


def edits(world: World) -> None:
    """What an office does to its setup after a billing day."""
    dearer = sold("internet", "99.00", name="Internet New", prices_from="2020-01-01")
    world.apply(
        base(
            owner=owner(name="Acme Two", time_zone="UTC"),
            packages=[dearer],
            bill_groups=[
                {"name": "Default Bill Group", "payment_term": "net 90", "zero_invoices": True}
            ],
            exchange_rates=[
                {"name": "October 2020", "effective": "2020-10-01", "rates": {"EUR": "0.85"}},
                {"name": "New", "effective": "2020-10-02", "rates": {"EUR": "0.99"}},
            ],
            accounts=[account("C-1", invoicer="self", bill_day=1)],
        )
    )


def test_pain_14_no_edit_of_the_setup_changes_an_old_invoice(world: World) -> None:
    world.apply(base(accounts=family()))
    execution = world.bill(*OCTOBER)
    before = world.invoices(), world.read("invoice", "show", "INV-007854")
    edits(world)
    assert (world.invoices(), world.read("invoice", "show", "INV-007854")) == before
    world.must("views", "rebuild")
    assert (world.invoices(), world.read("invoice", "show", "INV-007854")) == before
    assert world.read("execution", "replay", execution)["same"] is True


def test_pain_14_a_correction_is_a_line_of_its_own_on_the_next_invoice(world: World) -> None:
    packages = [sold("line", "31.00", billing="advance")]
    world.apply(
        base(packages=packages, accounts=[account("A-1", package("p", "2020-10-01", "line"))])
    )
    world.bill(*OCTOBER)
    (before,) = world.invoices()
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-01")
    world.bill(*NOVEMBER)
    first, second = world.invoices()
    assert first == before
    assert [row["kind"] for row in second["lines"]] == ["adjustment", "recurring"]
    assert [row["amount"] for row in second["lines"]] == ["31.00", "62.00"]
