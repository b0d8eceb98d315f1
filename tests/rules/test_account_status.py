"""R32: suspended and closed accounts."""

from tests.rules.support import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    bill_account,
    family,
    left,
    lines,
    refused_setup,
    show,
    three_runs,
)
from tests.support.world import World, account, base, package


def test_suspended_stops_charging_the_accounts_own_packages(world: World) -> None:
    parent = account("P-1", package("p", "2020-09-01"), status="suspended")
    child = account("C-1", package("c", "2020-09-01"), invoicer="P-1")
    world.apply(base(accounts=[parent, child]))
    execution = world.bill(*OCTOBER)
    assert left(world, execution) == {"p": "account_suspended"}
    (invoice,) = world.invoices()
    assert (invoice["account"], [row["account"] for row in invoice["lines"]]) == ("P-1", ["C-1"])


def test_what_waits_on_a_suspended_account_is_invoiced(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.apply(base(accounts=[account("A-1", status="suspended")], bill_runs=three_runs()))
    world.bill(*NOVEMBER)
    assert lines(world) == [("p", "recurring", "2020-09-01", "2020-10-01", 30, "20.00")]


def test_the_suspended_days_stay_chargeable_by_catch_up(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"), status="suspended")]))
    world.bill(*OCTOBER)
    world.bill(*NOVEMBER)
    assert world.invoices() == []
    world.apply(base(accounts=[account("A-1", status="active")]))
    execution = world.bill(*DECEMBER, "--catch-up", "all")
    assert show(world, execution)["cycles_billed"] == 3
    assert world.totals() == ["60.00"]


def test_suspended_packages_forgive_the_days(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"), status="suspended")]))
    world.must("account-package", "suspend", "p", "--as-of", "2020-09-01", "--until", "2020-11-01")
    world.apply(base(accounts=[account("A-1", status="active")]))
    world.bill(*DECEMBER, "--catch-up", "all")
    assert lines(world) == [("p", "recurring", "2020-11-01", "2020-12-01", 30, "20.00")]


def test_closing_is_refused_while_a_package_has_a_next_bill_date(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    closed = base(accounts=[account("A-1", status="closed")])
    assert refused_setup(world, closed) == "account_still_billed"
    world.must("account-package", "cancel", "p", "--as-of", "2020-10-05")
    assert refused_setup(world, closed) == "account_still_billed"


def test_closing_is_refused_while_a_transaction_waits(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01", cancel="2020-09-11"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    assert world.next_bill_date("p") is None
    closed = base(accounts=[account("A-1", status="closed")], bill_runs=three_runs())
    assert refused_setup(world, closed)
    world.bill(*OCTOBER, run="Invoice")
    world.apply(closed)
    assert world.read("account", "show", "A-1")["status"] == "closed"


def test_closing_is_refused_for_anothers_invoicer(world: World) -> None:
    world.apply(base(accounts=family()))
    closed = base(accounts=[account("P-1", currency="EUR", status="closed")])
    assert refused_setup(world, closed) == "account_is_invoicer"
    world.apply(base(accounts=[account("C-1", invoicer="self")]))
    world.apply(closed)
    assert world.read("account", "show", "P-1")["status"] == "closed"


def test_a_closed_account_is_passed_over(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01", cancel="2020-09-11")), account("A-2")]
    world.apply(base(accounts=accounts))
    world.bill(*OCTOBER)
    world.apply(base(accounts=[account("A-1", status="closed")]))
    execution = world.bill(*NOVEMBER, "--catch-up", "all")
    found = show(world, execution)
    assert (found["cycles_billed"], found["failed"], found["left_behind"]) == (0, 0, 0)


def test_billing_a_suspended_account_by_name_leaves_its_packages_behind(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"), status="suspended")]))
    assert bill_account(world, "A-1", *OCTOBER).status == 0
    (execution,) = world.read("bill-run", "completed")
    assert left(world, execution["id"]) == {"p": "account_suspended"}
    assert world.invoices() == []
