"""R15: what waits, when it is collected, and on whose invoice."""

from tests.rules.support import (
    GROUP,
    NOVEMBER,
    OCTOBER,
    bill_account,
    family,
    group,
    line,
    lines,
    refused_setup,
    show,
    three_runs,
)
from tests.support.world import World, account, base, package


def test_a_charge_waits_until_invoices_are_made(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    charged = world.bill(*OCTOBER, run="Charge")
    assert (show(world, charged)["cycles_billed"], world.invoices()) == (1, [])
    invoiced = world.bill(*OCTOBER, run="Invoice")
    found = show(world, invoiced)
    assert (found["cycles_billed"], found["invoices_generated"]) == (0, 1)
    assert lines(world) == [("p", "recurring", "2020-09-01", "2020-10-01", 30, "20.00")]


def test_what_is_on_an_invoice_waits_no_more(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.bill(*OCTOBER, run="Invoice")
    assert show(world, world.bill(*OCTOBER, run="Invoice"))["invoices_generated"] == 0
    assert world.totals() == ["20.00"]


def test_what_is_dated_after_the_period_waits_for_a_later_run(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill("2020-10-01", "2020-12-31", "--catch-up", "all", run="Charge")
    world.bill("2020-10-01", "2020-11-01", run="Invoice")
    assert [[row[3] for row in map(line, found["lines"])] for found in world.invoices()] == [
        ["2020-10-01", "2020-11-01"]
    ]
    world.bill("2020-12-01", "2020-12-31", run="Invoice")
    assert world.totals() == ["40.00", "20.00"]


def test_changing_the_invoicer_moves_what_waits(world: World) -> None:
    accounts = [*family(), account("N-1")]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.apply(base(accounts=[account("C-1", invoicer="N-1")], bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Invoice")
    (invoice,) = world.invoices()
    assert (invoice["account"], invoice["currency"], invoice["total"]) == ("N-1", "USD", "20.00")
    assert invoice["lines"][0]["account"] == "C-1"


def test_changing_the_invoicer_never_moves_invoices(world: World) -> None:
    world.apply(base(accounts=[*family(), account("N-1")]))
    world.bill(*OCTOBER)
    before = world.invoices()
    world.apply(base(accounts=[account("C-1", invoicer="N-1")]))
    assert world.invoices() == before
    world.bill(*NOVEMBER)
    assert [found["account"] for found in world.invoices()] == ["P-1", "N-1"]


def test_an_account_that_invoices_itself_again_takes_what_waits_along(world: World) -> None:
    world.apply(base(accounts=family(), bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.apply(base(accounts=[account("C-1", invoicer="self")], bill_runs=three_runs()))
    assert bill_account(world, "P-1", *OCTOBER, run="Invoice").status == 0
    assert world.invoices() == []
    world.bill(*OCTOBER, run="Invoice")
    assert [(found["account"], found["total"]) for found in world.invoices()] == [("C-1", "20.00")]


def test_one_invoice_for_the_whole_family_with_every_account_named(world: World) -> None:
    held = [package(f"c{n}", "2020-09-01") for n in range(3)]
    children = [account(f"C-{n}", held[n], parent="P-1", invoicer="parent") for n in range(3)]
    world.apply(base(accounts=[account("P-1", package("p", "2020-09-01")), *children]))
    execution = world.bill(*OCTOBER)
    (invoice,) = world.invoices()
    assert (invoice["account"], invoice["total"]) == ("P-1", "80.00")
    assert [row["account"] for row in invoice["lines"]] == ["C-0", "C-1", "C-2", "P-1"]
    assert show(world, execution)["invoices_generated"] == 1


def test_a_chain_of_invoicers_is_refused_naming_the_top(world: World) -> None:
    accounts = [*family(), account("G-1", invoicer="C-1")]
    assert refused_setup(world, base(accounts=accounts)) == "invoicer_chain"
    world.apply(base(accounts=family()))
    path = world.folder / "chain.yaml"
    path.write_text(str(base(accounts=[account("G-1", invoicer="C-1")])))
    assert "P-1" in world.ask("apply", str(path)).err


def test_accounts_under_one_invoicer_share_group_and_bill_day(world: World) -> None:
    groups = [group(), group("Other")]
    other = [*family(), account("G-1", parent="P-1", invoicer="P-1", bill_group="Other")]
    setup = base(accounts=other, bill_groups=groups)
    assert refused_setup(world, setup) == "invoicer_bill_group_differs"
    later = [*family(), account("G-1", parent="P-1", invoicer="P-1", bill_day=9)]
    assert refused_setup(world, base(accounts=later)) == "invoicer_bill_day_differs"


def test_a_member_cannot_leave_group_or_bill_day_of_its_invoicer(world: World) -> None:
    groups = [group(), group("Other")]
    world.apply(base(accounts=family(), bill_groups=groups))
    moved = base(accounts=[account("C-1", bill_group="Other")], bill_groups=groups)
    assert refused_setup(world, moved) == "invoicer_bill_group_differs"
    assert (
        refused_setup(world, base(accounts=[account("C-1", bill_day=9)]))
        == "invoicer_bill_day_differs"
    )


def test_an_invoicer_takes_everyone_along_to_another_group_and_bill_day(world: World) -> None:
    groups = [group(), group("Other")]
    world.apply(base(accounts=family(), bill_groups=groups))
    changed = account("P-1", currency="EUR", bill_group="Other", bill_day=9)
    world.apply(base(accounts=[changed], bill_groups=groups))
    found = world.read("account", "list")
    assert {row["number"]: (row["bill_group"], row["bill_day"]) for row in found} == {
        "C-1": ("Other", 9),
        "P-1": ("Other", 9),
    }


def test_the_currency_cannot_change_after_a_transaction(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    world.bill(*OCTOBER)
    assert refused_setup(world, base(accounts=[account("A-1", currency="EUR")])) == "cannot_change"


def test_one_execution_makes_one_invoice_out_of_what_waited_and_what_is_new(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"), bill_group=GROUP)]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    world.bill(*NOVEMBER)
    (invoice,) = world.invoices()
    assert invoice["total"] == "40.00"
    assert [row["days"] for row in invoice["lines"]] == [30, 31]
