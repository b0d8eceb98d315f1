"""R28: one account's failure never stops others; the family is the unit; what a failure says."""

from typing import Any

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    failed,
    family,
    group,
    left,
    rates,
    show,
    sold,
    three_runs,
)
from tests.support.world import World, account, base, package

NO_RATE = [rates("October 2020", "2020-10-01")]


def crowd(count: int) -> list[dict[str, Any]]:
    return [account(f"A-{n:02}", package(f"p{n:02}", "2020-09-01")) for n in range(count)]


def test_everyone_else_is_billed(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=[*crowd(30), *family()]))
    execution = world.bill(*OCTOBER, status=3)
    found = show(world, execution)
    assert (found["packages_billed"], found["invoices_generated"], found["failed"]) == (30, 30, 1)
    assert (found["status"], found["totals"]) == ("completed_with_failures", {"USD": "600.00"})
    assert failed(world, execution) == [("P-1", "rate_missing")]


def test_a_price_that_is_missing_fails_its_invoicer_alone(world: World) -> None:
    packages = [sold("line", "10.00"), *base()["packages"]]
    accounts = [*crowd(2), account("B-1", package("b", "2020-10-05", "line"))]
    world.apply(base(packages=packages, accounts=accounts))
    world.apply(base(packages=[sold("line", "", prices={"USD": None})]))
    execution = world.bill("2020-10-01", "2020-11-30", status=3)
    assert failed(world, execution) == [("B-1", "price_missing")]
    assert show(world, execution)["packages_billed"] == 2
    assert world.next_bill_date("b") == "2020-11-01"


def test_a_member_that_cannot_be_charged_keeps_its_whole_family_from_being_billed(
    world: World,
) -> None:
    packages = [sold("line", "10.00"), *base()["packages"]]
    accounts = [
        account("P-1", package("p", "2020-10-01")),
        account("C-1", package("c1", "2020-10-05", "line"), invoicer="P-1"),
        account("C-2", package("c2", "2020-10-01"), invoicer="P-1"),
        account("A-1", package("a", "2020-10-01")),
    ]
    world.apply(base(packages=packages, accounts=accounts))
    world.apply(base(packages=[sold("line", "", prices={"USD": None})]))
    execution = world.bill(*NOVEMBER, status=3)
    (failure,) = world.read("execution", "failures", execution)
    assert (failure["invoicer"], failure["account"]) == ("P-1", "C-1")
    assert [world.next_bill_date(ref) for ref in ("p", "c1", "c2")] == ["2020-11-01"] * 3
    assert world.next_bill_date("a") == "2020-12-01"
    assert left(world, execution) == {"p": "failed", "c1": "failed", "c2": "failed"}
    assert [found["account"] for found in world.invoices()] == ["A-1"]


def test_what_waited_under_a_failed_family_keeps_waiting(world: World) -> None:
    runs = three_runs()
    world.apply(base(exchange_rates=NO_RATE, accounts=family(), bill_runs=runs))
    world.bill(*OCTOBER, run="Charge")
    world.bill(*NOVEMBER, status=3)
    assert world.next_bill_date("c") == "2020-11-01"
    world.apply(base(bill_runs=runs))
    world.bill(*NOVEMBER)
    assert world.totals() == ["34.00"]


def test_failed_counts_invoicers_not_accounts_or_packages(world: World) -> None:
    children = [account(f"C-{n}", package(f"c{n}", "2020-09-01"), invoicer="P-1") for n in range(3)]
    accounts = [account("P-1", currency="EUR"), *children]
    world.apply(base(exchange_rates=NO_RATE, accounts=accounts))
    execution = world.bill(*OCTOBER, status=3)
    found = show(world, execution)
    assert (found["failed"], found["left_behind"]) == (1, 3)
    assert len(world.read("execution", "failures", execution)) == 1


def test_a_failure_is_an_event_with_code_sentence_place_and_retry(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=family()))
    execution = world.bill(*OCTOBER, status=3)
    (failure,) = world.read("execution", "failures", execution)
    assert set(failure) >= {"invoicer", "account", "code", "message", "retry", "resolved_by"}
    assert "October 2020" in failure["message"]
    assert failure["retry"].startswith("billstream execution retry ")
    assert "rate_missing" in world.must("history", "export").out
    world.must("verify")


def test_a_run_in_which_everyone_fails_still_ends(world: World) -> None:
    world.apply(base(exchange_rates=NO_RATE, accounts=family()))
    execution = world.bill(*OCTOBER, status=3)
    found = show(world, execution)
    assert found["completed_at"] is not None
    assert (found["cycles_billed"], found["invoices_generated"], found["totals"]) == (0, 0, {})


def test_an_account_that_left_the_runs_groups_before_its_time_is_a_failure(world: World) -> None:
    groups = [group(), group("Other")]
    world.apply(base(bill_groups=groups, accounts=[account("A-1", package("p", "2020-09-01"))]))
    at = ("--at", "2020-10-10T06:00", "--period-start", OCTOBER[0], "--period-end", OCTOBER[1])
    world.must("account", "bill", "A-1", "--bill-run", "Default", *at)
    world.apply(base(bill_groups=groups, accounts=[account("A-1", bill_group="Other")]))
    world.must("clock", "advance", "--to", "2020-10-11T06:00:00Z", status=3)
    (execution,) = world.read("bill-run", "completed")
    assert failed(world, execution["id"]) == [("A-1", "account_not_in_bill_run")]
    assert world.next_bill_date("p") == "2020-10-01"


def test_a_cycle_that_fits_into_no_event_fails_its_invoicer_alone(world: World) -> None:
    """Its package was small enough for the catalogue (design decision 11)."""
    name = "Service number {:05} with a name of a usual length"
    services = [
        {"code": f"service-{n:05}", "name": name.format(n), "prices": {"USD": "1.00"}}
        | {"gl_code": "4000"}
        for n in range(1250)
    ]
    big = {"code": "big", "name": "Big", "frequency": "monthly", "services": services}
    accounts = [*crowd(2), account("B-1", package("b", "2020-09-01", "big"))]
    world.apply(base(packages=[big, *base()["packages"]], accounts=accounts))
    execution = world.bill(*OCTOBER, status=3)
    assert failed(world, execution) == [("B-1", "event_too_large")]
    assert show(world, execution)["packages_billed"] == 2
    assert world.next_bill_date("b") == "2020-10-01"
    world.must("verify")
