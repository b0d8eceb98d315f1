"""R20: nothing to invoice, a total of zero, lines of 0.00."""

from typing import Any

from tests.rules.support import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    group,
    line,
    lines,
    show,
    sold,
    three_runs,
)
from tests.support.world import World, account, base, package


def free(zero_invoices: bool, price: str = "0.00") -> dict[str, Any]:
    groups = [group(zero_invoices=zero_invoices)]
    packages = [sold("line", price)]
    accounts = [account("A-1", package("p", "2020-09-01", "line"))]
    return base(bill_groups=groups, packages=packages, accounts=accounts)


def balanced(zero_invoices: bool) -> dict[str, Any]:
    """In November a credit of −31.00 and a charge of 31.00 meet on one account."""
    groups = [group(zero_invoices=zero_invoices)]
    packages = [sold("ahead", "31.00", billing="advance"), sold("behind", "31.00")]
    accounts = [
        account("A-1", package("p", "2020-10-01", "ahead"), package("q", "2020-10-01", "behind"))
    ]
    return base(bill_groups=groups, packages=packages, accounts=accounts)


def test_an_invoicer_with_nothing_to_invoice_gets_no_invoice(world: World) -> None:
    world.apply(base(accounts=[account("A-1"), account("A-2", package("p", "2020-12-01"))]))
    execution = world.bill(*OCTOBER)
    assert (show(world, execution)["invoices_generated"], world.invoices()) == (0, [])


def test_zero_invoices_does_not_make_invoices_of_nothing(world: World) -> None:
    world.apply(base(bill_groups=[group(zero_invoices=True)], accounts=[account("A-1")]))
    world.bill(*OCTOBER)
    assert world.invoices() == []


def test_a_total_of_zero_makes_no_invoice(world: World) -> None:
    world.apply(free(zero_invoices=False))
    execution = world.bill(*OCTOBER)
    found = show(world, execution)
    assert (found["cycles_billed"], found["invoices_generated"]) == (1, 0)
    assert (found["status"], world.next_bill_date("p")) == ("completed", "2020-11-01")


def test_a_total_of_zero_makes_one_when_the_group_asks_for_it(world: World) -> None:
    world.apply(free(zero_invoices=True))
    world.bill(*OCTOBER)
    assert world.totals() == ["0.00"]
    assert lines(world) == [("p", "recurring", "2020-09-01", "2020-10-01", 30, "0.00")]


def test_lines_of_zero_are_closed_and_never_come_back(world: World) -> None:
    world.apply(free(zero_invoices=False))
    world.bill(*OCTOBER)
    world.apply(base(bill_groups=[group(zero_invoices=True)], packages=[sold("line", "5.00")]))
    world.bill(*NOVEMBER)
    assert lines(world) == [
        ("p", "recurring", "2020-10-01", "2020-10-05", 4, "0.00"),
        ("p", "recurring", "2020-10-05", "2020-11-01", 27, "4.35"),
    ]


def test_lines_of_zero_stay_on_record(world: World) -> None:
    world.apply(free(zero_invoices=False))
    world.bill(*OCTOBER)
    history = world.must("history", "export").out
    assert history.count("account_package.billed") >= 1
    world.must("verify")


def test_lines_that_make_up_zero_wait_and_count_the_next_time(world: World) -> None:
    world.apply(balanced(zero_invoices=False))
    world.bill("2020-10-01", "2020-10-31")
    world.must("account-package", "suspend", "p", "--as-of", "2020-10-01")
    world.bill(*NOVEMBER)
    assert world.totals() == ["31.00"]
    world.bill(*DECEMBER)
    _, invoice = world.invoices()
    assert sorted(map(line, invoice["lines"])) == [
        ("p", "credit", "2020-10-01", "2020-11-01", -31, "-31.00"),
        ("q", "recurring", "2020-10-01", "2020-11-01", 31, "31.00"),
        ("q", "recurring", "2020-11-01", "2020-12-01", 30, "31.00"),
    ]


def test_lines_that_make_up_zero_are_invoiced_when_the_group_asks_for_it(world: World) -> None:
    world.apply(balanced(zero_invoices=True))
    world.bill("2020-10-01", "2020-10-31")
    world.must("account-package", "suspend", "p", "--as-of", "2020-10-01")
    world.bill(*NOVEMBER)
    assert world.totals() == ["31.00", "0.00"]


def test_a_line_of_zero_beside_others_stands_on_the_invoice(world: World) -> None:
    packages = [sold("line", "0.00"), sold("net", "9.00")]
    held = [package("p", "2020-09-01", "line"), package("q", "2020-09-01", "net")]
    world.apply(base(packages=packages, accounts=[account("A-1", *held)]))
    world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert [row["amount"] for row in invoice["lines"]] == ["0.00", "9.00"]


def test_zero_wait_lines_of_zero_do_not(world: World) -> None:
    packages = [
        sold("ahead", "31.00", billing="advance"),
        sold("behind", "31.00"),
        sold("gift", "0.00"),
    ]
    held = [
        package("p", "2020-10-01", "ahead"),
        package("q", "2020-10-01", "behind"),
        package("r", "2020-10-01", "gift"),
    ]
    world.apply(base(packages=packages, accounts=[account("A-1", *held)]))
    world.bill("2020-10-01", "2020-10-31")
    world.must("account-package", "suspend", "p", "--as-of", "2020-10-01")
    world.bill(*NOVEMBER)
    world.bill(*DECEMBER)
    _, invoice = world.invoices()
    gifts = [line(row) for row in invoice["lines"] if row["account_package"] == "r"]
    assert gifts == [("r", "recurring", "2020-11-01", "2020-12-01", 30, "0.00")]


def test_waiting_lines_of_zero_are_closed_too(world: World) -> None:
    setup = {**free(zero_invoices=False), "bill_runs": three_runs()}
    world.apply(setup)
    world.bill(*OCTOBER, run="Charge")
    world.bill(*OCTOBER, run="Invoice")
    world.apply({**setup, "bill_groups": [group(zero_invoices=True)]})
    world.bill(*OCTOBER, run="Invoice")
    assert world.invoices() == []
    world.must("verify")
