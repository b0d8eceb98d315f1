"""R6, R28: an execution's statuses, and what a retry is."""

from typing import Any

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    bill_account,
    bill_run,
    failed,
    family,
    left,
    lines,
    rates,
    show,
    three_runs,
)
from tests.support.world import World, account, base, package


def without_rate(*accounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The family needs a rate of EUR that the set does not have."""
    sets = [rates("October 2020", "2020-10-01")]
    return base(exchange_rates=sets, accounts=[*family(), *accounts], **more)


def with_rate(**more: Any) -> dict[str, Any]:
    """The missing rate is added."""
    return base(exchange_rates=[rates("October 2020", "2020-10-01", EUR="0.85")], **more)


def retry(world: World, execution: str, status: int = 0) -> str:
    """Retries an execution; the id of the new one."""
    answer = world.must("execution", "retry", execution, "--json", status=status)
    return str(answer.json["id"])


def test_a_rate_is_added_and_the_failed_family_is_billed_by_a_retry(world: World) -> None:
    world.apply(without_rate(account("A-2", package("a", "2020-09-01"))))
    old = world.bill(*OCTOBER, status=3)
    assert failed(world, old) == [("P-1", "rate_missing")]
    world.apply(with_rate())
    new = retry(world, old)
    assert [(found["account"], found["total"]) for found in world.invoices()] == [
        ("A-2", "20.00"),
        ("P-1", "17.00"),
    ]
    found = show(world, new)
    assert (found["status"], found["retry_of"], found["failed"]) == ("completed", old, 0)
    assert (found["packages_billed"], found["invoices_generated"]) == (1, 1)


def test_the_old_execution_keeps_its_status_and_says_what_resolved_it(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    before = show(world, old)
    world.apply(with_rate())
    new = retry(world, old)
    assert show(world, old) == before
    (failure,) = world.read("execution", "failures", old)
    assert failure["resolved_by"] == new
    assert failure["code"] == "rate_missing"


def test_a_retry_has_the_period_catch_up_and_posting_date_of_the_old_one(world: World) -> None:
    world.apply(without_rate())
    old = world.bill("2020-10-01", "2020-12-31", "--catch-up", "2", "--posting-date", "2020-10-31",
                     status=3)  # fmt: skip
    world.apply(with_rate())
    world.must("clock", "advance", "--to", "2020-12-24T12:00:00Z")
    new = retry(world, old)
    found = show(world, new)
    assert found["billing_period"] == {"start": "2020-10-01", "end": "2020-12-31"}
    assert (found["business_date"], found["cycles_billed"]) == ("2020-12-24", 2)
    assert world.invoices()[0]["posting_date"] == "2020-10-31"
    assert world.next_bill_date("c") == "2020-12-01"


def test_a_retry_without_a_given_posting_date_posts_on_its_own_business_date(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    world.apply(with_rate())
    world.must("clock", "advance", "--to", "2020-10-20T12:00:00Z")
    retry(world, old)
    (invoice,) = world.invoices()
    assert invoice["posting_date"] == "2020-10-20"
    assert show(world, old)["business_date"] == "2020-10-05"


def test_a_retry_takes_the_runs_settings_as_they_are_now(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    more = [rates("October 2020", "2020-10-01"), rates("Better", "2020-10-02", EUR="0.90")]
    world.apply(base(exchange_rates=more, bill_runs=[bill_run(exchange_rates="Better")]))
    retry(world, old)
    (invoice,) = world.invoices()
    assert (invoice["exchange_rates"], invoice["total"]) == ("Better", "18.00")


def test_a_retry_is_over_the_failed_invoicers_only(world: World) -> None:
    world.apply(without_rate(account("A-2", package("a", "2020-08-15"))))
    old = world.bill(*OCTOBER, status=3)
    world.apply(with_rate(accounts=[account("A-3", package("b", "2020-09-01"))]))
    retry(world, old)
    assert [found["account"] for found in world.invoices()] == ["P-1"]
    assert world.next_bill_date("a") == "2020-09-01"
    assert world.next_bill_date("b") == "2020-10-01"


def test_a_retry_that_fails_again_can_be_retried_again(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    second = retry(world, old, status=3)
    assert failed(world, second) == [("P-1", "rate_missing")]
    assert world.read("execution", "failures", old)[0]["resolved_by"] is None
    world.apply(with_rate())
    third = retry(world, old)
    assert world.read("execution", "failures", old)[0]["resolved_by"] == third
    assert world.totals() == ["17.00"]


def test_a_second_retry_is_refused_and_leaves_the_first_ones_mark(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    world.apply(with_rate())
    first = retry(world, old)
    assert world.refused("execution", "retry", old) == "nothing_to_retry"
    assert world.read("execution", "failures", old)[0]["resolved_by"] == first
    assert lines(world) == [("c", "recurring", "2020-09-01", "2020-10-01", 30, "17.00")]


def test_a_retry_uses_the_rates_current_on_its_own_business_date(world: World) -> None:
    sets = [rates("October 2020", "2020-10-01"), rates("Tenth", "2020-10-10", EUR="0.50")]
    runs = [bill_run(exchange_rates="current")]
    world.apply(base(exchange_rates=sets, bill_runs=runs, accounts=family()))
    old = world.bill(*OCTOBER, status=3)
    world.must("clock", "advance", "--to", "2020-10-12T10:00:00Z")
    retry(world, old)
    (invoice,) = world.invoices()
    assert (invoice["exchange_rates"], invoice["total"]) == ("Tenth", "10.00")


def test_a_retry_of_what_could_not_be_invoiced_charges_nothing(world: World) -> None:
    world.apply(without_rate(bill_runs=three_runs()))
    world.bill(*OCTOBER, run="Charge")
    old = world.bill(*OCTOBER, run="Invoice", status=3)
    world.apply(with_rate(bill_runs=three_runs()))
    new = retry(world, old)
    assert (show(world, new)["cycles_billed"], show(world, new)["invoices_generated"]) == (0, 1)
    assert world.totals() == ["17.00"]


def test_an_execution_without_failures_has_nothing_to_retry(world: World) -> None:
    world.apply(base(accounts=[account("A-1", package("p", "2020-09-01"))]))
    assert world.refused("execution", "retry", world.bill(*OCTOBER)) == "nothing_to_retry"


def test_a_family_billed_meanwhile_is_not_billed_again_by_the_retry(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*OCTOBER, status=3)
    world.apply(with_rate())
    world.bill(*OCTOBER)
    new = retry(world, old)
    assert (show(world, new)["cycles_billed"], show(world, new)["status"]) == (0, "completed")
    assert world.totals() == ["17.00"]


def test_one_account_alone_that_fails_can_be_retried(world: World) -> None:
    world.apply(without_rate(account("A-2", package("a", "2020-09-01"))))
    assert bill_account(world, "C-1", *OCTOBER).status == 3
    (old,) = world.read("bill-run", "completed")
    world.apply(with_rate())
    retry(world, old["id"])
    assert [found["account"] for found in world.invoices()] == ["P-1"]
    assert world.next_bill_date("a") == "2020-10-01"


def test_what_failed_is_told_where_and_with_the_command_that_retries_it(world: World) -> None:
    world.apply(without_rate())
    old = world.bill(*NOVEMBER, "--catch-up", "all", status=3)
    (failure,) = world.read("execution", "failures", old)
    assert (failure["invoicer"], failure["account"]) == ("P-1", "C-1")
    assert "EUR" in failure["message"]
    assert failure["retry"] == f"billstream execution retry {old}"
    assert left(world, old) == {"c": "failed"}
