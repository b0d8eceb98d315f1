"""R29: a preview is the run, and writes nothing."""

from typing import Any

import pytest

from tests.rules.support import (
    CHARGE_ONLY,
    NOVEMBER,
    OCTOBER,
    bill_account,
    bill_run,
    events,
    failed,
    family,
    group,
    rates,
    show,
    sold,
)
from tests.support.world import World, account, base, package

OWN = {"number", "execution"}
OF_THE_RUN = {"id", "schedule", "requested_by", "started_at", "completed_at", "head", "retry_of"}


def without(found: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in keys}


def by_invoicer(world: World) -> list[dict[str, Any]]:
    """The invoices of the run, in the preview's order, without what may differ."""
    found = sorted(world.invoices(), key=lambda invoice: str(invoice["account"]))
    return [without(invoice, OWN) for invoice in found]


def mixed() -> dict[str, Any]:
    """Families, currencies, stubs, bundles, a threshold, failures and packages left behind."""
    services = [
        {"code": "tv", "name": "Television", "prices": {"USD": "10.01"}},
        {"code": "phone", "name": "Telephone", "prices": {"USD": "5.05"}},
    ]
    packages = [
        *base()["packages"],
        sold("bundle", "", services=services, billing="advance"),
        sold("weekly", "3.33", frequency="weekly"),
    ]
    accounts = [
        account("Z-1", package("z", "2020-09-13")),
        *family(),
        account("C-2", package("b", "2020-10-07", "bundle"), invoicer="P-1"),
        account("F-1", currency="GBP"),
        account("F-2", package("f", "2020-09-01"), invoicer="F-1"),
        account("T-1", package("t", "2020-09-01", price="1.00")),
        account("W-1", package("w", "2020-10-03", "weekly")),
        account("L-1", package("l", "2020-03-01"), status="suspended"),
        account("A-1", package("a", "2020-09-01")),
    ]
    return base(
        owner={**base()["owner"], "currencies": ["USD", "EUR", "GBP"]},
        bill_groups=[group(render_threshold="2.00", payment_term="day 15")],
        packages=packages,
        accounts=accounts,
    )


def test_a_preview_followed_by_the_run_gives_the_same_to_the_cent(world: World) -> None:
    world.apply(mixed())
    period = ("2020-10-01", "2020-11-30", "--catch-up", "all")
    seen = world.preview(*period)
    execution = world.bill(*period, status=3)
    assert [without(invoice, OWN) for invoice in seen["invoices"]] == by_invoicer(world)
    found = show(world, execution)
    assert without({key: seen[key] for key in found}, OF_THE_RUN) == without(found, OF_THE_RUN)


def test_its_failures_and_left_behind_are_those_of_the_run(world: World) -> None:
    world.apply(mixed())
    seen = world.preview(*OCTOBER)
    execution = world.bill(*OCTOBER, status=3)
    assert [(row["invoicer"], row["code"]) for row in seen["failures"]] == failed(world, execution)
    rows = world.read("execution", "left-behind", execution)

    def order(row: dict[str, Any]) -> str:
        return str(row["account_package"])

    assert sorted(seen["left_behind_packages"], key=order) == sorted(rows, key=order)


def test_invoices_are_listed_by_invoicer_number_and_have_none_of_their_own(world: World) -> None:
    world.apply(mixed())
    seen = world.preview(*OCTOBER, "--catch-up", "all")
    accounts = [invoice["account"] for invoice in seen["invoices"]]
    assert accounts == ["A-1", "P-1", "W-1", "Z-1"]
    assert {invoice["number"] for invoice in seen["invoices"]} == {None}


def test_a_preview_writes_nothing(world: World) -> None:
    world.apply(mixed())
    before = events(world), world.must("verify").out.splitlines()[-2:]
    world.preview("2020-10-01", "2020-11-30", "--catch-up", "all")
    world.preview(*OCTOBER, "--account", "A-1")
    assert (events(world), world.must("verify").out.splitlines()[-2:]) == before
    assert world.read("bill-run", "completed") == []
    assert world.read("bill-run", "scheduled") == []


def test_a_preview_of_one_account_is_bill_account(world: World) -> None:
    world.apply(mixed())
    seen = world.preview(*OCTOBER, "--account", "C-1")
    assert bill_account(world, "C-1", *OCTOBER).status == 0
    assert [without(invoice, OWN) for invoice in seen["invoices"]] == by_invoicer(world)
    assert [invoice["account"] for invoice in seen["invoices"]] == ["P-1"]


def test_a_preview_of_an_excluded_account_asked_for_by_name(world: World) -> None:
    accounts = [account("A-1", package("a", "2020-09-01"))]
    world.apply(base(bill_groups=[group(exclude=["A-1"])], accounts=accounts))
    assert world.preview(*OCTOBER)["invoices"] == []
    (invoice,) = world.preview(*OCTOBER, "--account", "A-1")["invoices"]
    assert invoice["total"] == "20.00"


def test_a_preview_of_an_account_outside_the_run_is_refused(world: World) -> None:
    groups = [group(), group("Other")]
    accounts = [account("B-1", package("b", "2020-09-01"), bill_group="Other")]
    world.apply(base(bill_groups=groups, accounts=accounts))
    words = ("bill-run", "preview", "Default", "--period-start", OCTOBER[0])
    code = world.refused(*words, "--period-end", OCTOBER[1], "--account", "B-1")
    assert code == "account_not_in_bill_run"


def test_a_preview_takes_a_posting_date(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("a", "2020-09-01"))]))
    (invoice,) = world.preview(*OCTOBER, "--posting-date", "2020-10-31")["invoices"]
    assert invoice["posting_date"] == "2020-10-31"


def test_a_preview_counts_what_waits(world: World) -> None:
    runs = [bill_run(), bill_run("Charge", actions=CHARGE_ONLY)]
    world.apply(base(accounts=[account("A-1", package("a", "2020-09-01"))], bill_runs=runs))
    world.bill(*OCTOBER, run="Charge")
    seen = world.preview(*NOVEMBER)
    assert [invoice["total"] for invoice in seen["invoices"]] == ["40.00"]
    assert seen["cycles_billed"] == 1
    charging = world.preview(*NOVEMBER, run="Charge")
    assert (charging["invoices"], charging["cycles_billed"]) == ([], 1)


def test_a_preview_says_what_would_fail(world: World) -> None:
    sets = [rates("October 2020", "2020-10-01")]
    world.apply(base(exchange_rates=sets, accounts=family()))
    seen = world.preview(*OCTOBER)
    assert (seen["failed"], seen["status"]) == (1, "completed_with_failures")
    assert [(row["invoicer"], row["code"]) for row in seen["failures"]] == [("P-1", "rate_missing")]
    assert world.next_bill_date("c") == "2020-10-01"


@pytest.mark.parametrize("catch_up", ["some", "0", "-1"])
def test_a_preview_refuses_a_catch_up_that_the_run_refuses(world: World, catch_up: str) -> None:
    world.apply(base())
    period = ("--period-start", OCTOBER[0], "--period-end", OCTOBER[1], "--catch-up", catch_up)
    assert world.refused("bill-run", "preview", "Default", *period) == "catch_up_invalid"
    assert world.refused("bill-run", "schedule", "Default", "--now", *period) == "catch_up_invalid"


def test_a_preview_of_an_unknown_account_is_refused(world: World) -> None:
    world.apply(base(accounts=[account("GONE")]))
    world.must("account", "delete", "GONE")
    words = ("bill-run", "preview", "Default", "--period-start", OCTOBER[0])
    for number in ("NOBODY", "GONE"):
        code = world.refused(*words, "--period-end", OCTOBER[1], "--account", number)
        assert code == "account_unknown"
