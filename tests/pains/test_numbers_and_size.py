"""Complaints 8 and 10: gaps in the numbers, and accounts with very many packages."""

from tests.rules.half_way import half_way, many
from tests.rules.support import NOVEMBER, OCTOBER, family, rates, show
from tests.support.world import World, account, base, package

PACKAGES = 3_000


def test_pain_08_numbers_have_no_gap_over_failures_cancels_and_retries(world: World) -> None:
    setup = many(220, exchange_rates=[rates("October 2020", "2020-10-01")])
    setup["accounts"] += family()
    world.apply(setup)
    world.must("execution", "cancel", half_way(world, *OCTOBER, chunks=1))
    old = world.bill(*OCTOBER, status=3)
    world.preview(*NOVEMBER)
    world.apply(base())
    world.must("execution", "retry", old)
    world.bill(*NOVEMBER)
    numbers = [found["number"] for found in world.invoices()]
    assert numbers == [f"INV-{7854 + n:06}" for n in range(2 * 221)]
    world.must("verify")


def test_pain_10_three_thousand_packages_on_one_account(world: World) -> None:
    held = [package(f"p{n:04}", "2020-09-01") for n in range(PACKAGES)]
    ended = [package(f"x{n:04}", "2020-01-01", cancel="2020-01-01") for n in range(200)]
    world.apply(base(accounts=[account("BIG", *held, *ended), account("A-1")]))
    execution = world.bill(*OCTOBER)
    found = show(world, execution)
    assert (found["packages_billed"], found["invoices_generated"]) == (PACKAGES, 1)
    (invoice,) = world.invoices()
    assert invoice["total"] == f"{PACKAGES * 20}.00"
    assert [row["line"] for row in invoice["lines"]] == list(range(1, PACKAGES + 1))
    refs = [row["account_package"] for row in invoice["lines"]]
    assert refs == [f"p{n:04}" for n in range(PACKAGES)]
    assert world.read("explain", invoice["number"], str(PACKAGES))["lines"][0]["line"] == PACKAGES
