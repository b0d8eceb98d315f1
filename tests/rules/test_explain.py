"""R30: everything an invoice line depends on is on record, and `explain` prints it."""

from typing import Any

from tests.rules.support import (
    NOVEMBER,
    OCTOBER,
    family,
    show,
    sold,
    three_runs,
)
from tests.support.world import World, account, base, package

ADVANCE = sold("line", "31.00", billing="advance")


def held_by_one(sold_package: dict[str, Any], effective: str) -> dict[str, Any]:
    held = package("p", effective, sold_package["code"])
    return base(packages=[sold_package], accounts=[account("A-1", held)])


def explained(world: World, number: str, *line: str) -> Any:
    return world.read("explain", number, *line)


def test_a_recurring_line_names_all_it_depends_on(world: World) -> None:
    world.apply(held_by_one(sold("line", "31.00"), "2020-09-01"))
    world.must("bill-run", "schedule", "Default", "--now", "--period-start", OCTOBER[0],
               "--period-end", OCTOBER[1], "--command-id", "october",
               "--requested-by", "anna")  # fmt: skip
    (execution,) = world.read("bill-run", "completed")
    found = explained(world, "INV-007854")
    assert (found["invoice"], found["total"], found["rounding"]) == (
        "INV-007854",
        "31.00",
        "half_up",
    )
    origin = found["execution"]
    assert (origin["id"], origin["requested_by"]) == (execution["id"], "anna")
    assert origin["schedule"] == execution["schedule"]
    assert origin["command"]
    assert (origin["bill_run"], origin["business_date"]) == ("Default", "2020-10-05")
    (row,) = found["lines"]
    assert (row["package"], row["service"], row["kind"]) == ("line", "line", "recurring")
    assert (row["unit_price"], row["days"], row["full_days"]) == ("31.00", 30, 30)
    assert row["service_period"] == {"start": "2020-09-01", "end": "2020-10-01"}
    assert (row["bill_date"], row["requested_by"]) == ("2020-10-01", "anna")
    assert "catalogue" in row["price_from"]


def test_a_stub_is_explained_by_its_days(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-04"))
    world.bill(*NOVEMBER)
    stub, recurring = explained(world, "INV-007854")["lines"]
    assert (stub["kind"], stub["days"], stub["full_days"]) == ("stub", 28, 31)
    assert "28" in stub["because"]
    assert "31" in stub["because"]
    assert (recurring["kind"], recurring["amount"]) == ("recurring", "31.00")


def test_one_line_alone(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-04"))
    world.bill(*NOVEMBER)
    (row,) = explained(world, "INV-007854", "2")["lines"]
    assert (row["line"], row["kind"]) == (2, "recurring")
    assert world.refused("explain", "INV-007854", "3") == "line_unknown"


def test_a_credit_is_explained(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "cancel", "p", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    (row,) = explained(world, "INV-007855")["lines"]
    assert (row["kind"], row["amount"], row["days"], row["full_days"]) == (
        "credit",
        "-21.00",
        -21,
        31,
    )
    assert row["because"]
    assert row["unit_price"] is None


def test_an_adjustment_is_explained(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    adjustment, recurring = explained(world, "INV-007855")["lines"]
    assert (adjustment["kind"], adjustment["amount"]) == ("adjustment", "21.00")
    assert adjustment["because"]
    assert (recurring["unit_price"], recurring["kind"]) == ("62.00", "recurring")
    assert recurring["price_from"] != explained(world, "INV-007854")["lines"][0]["price_from"]


def test_a_one_time_charge_is_explained(world: World) -> None:
    world.apply(held_by_one(sold("setup", "99.00", frequency="once"), "2020-10-04"))
    world.bill(*OCTOBER)
    (row,) = explained(world, "INV-007854")["lines"]
    assert (row["kind"], row["bill_date"], row["amount"]) == ("one_time", "2020-10-04", "99.00")
    assert row["because"]


def test_a_converted_line_is_explained_by_both_amounts_and_rates(world: World) -> None:
    world.apply(base(accounts=family()))
    world.bill(*OCTOBER)
    found = explained(world, "INV-007854")
    (row,) = found["lines"]
    assert found["exchange_rates"] == "October 2020"
    written = str(row)
    for part in ("20.00", "17.00", "USD", "EUR", "0.85"):
        assert part in written


def test_a_line_that_waited_names_who_charged_and_who_invoiced_it(world: World) -> None:
    accounts = [account("A-1", package("p", "2020-09-01"))]
    world.apply(base(accounts=accounts, bill_runs=three_runs()))
    charging = world.bill(*OCTOBER, "--requested-by", "anna", run="Charge")
    invoicing = world.bill(*OCTOBER, "--requested-by", "ben", run="Invoice")
    found = explained(world, "INV-007854")
    (row,) = found["lines"]
    assert (found["execution"]["id"], row["charged_by"]) == (invoicing, charging)
    assert (found["execution"]["requested_by"], row["requested_by"]) == ("ben", "anna")


def test_a_part_of_a_period_is_explained_by_its_own_days_and_price(world: World) -> None:
    world.apply(held_by_one(sold("line", "31.00"), "2020-10-01"))
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    first, second = explained(world, "INV-007854")["lines"]
    assert (first["days"], first["unit_price"]) == (10, "31.00")
    assert (second["days"], second["unit_price"]) == (21, "62.00")
    assert first["price_from"] != second["price_from"]


def test_an_explanation_is_told_to_people_too(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-04"))
    execution = world.bill(*NOVEMBER)
    told = world.must("explain", "INV-007854").out
    assert execution in told
    for part in ("28 of 31", "2020-10-04 to 2020-11-01", "Default", "operator"):
        assert part in told
    assert show(world, execution)["requested_by"] == "operator"


def test_a_settlement_tells_both_sides(world: World) -> None:
    world.apply(held_by_one(ADVANCE, "2020-10-01"))
    world.bill(*OCTOBER)
    world.must("account-package", "set-price", "p", "62.00", "--as-of", "2020-10-11")
    world.bill(*NOVEMBER)
    settled, recurring = explained(world, "INV-007855")["lines"]
    assert (settled["kind"], settled["amount"]) == ("adjustment", "21.00")
    assert settled["because"] == (
        "would be 52.00 (31.00 × 10 ÷ 31 + 62.00 × 21 ÷ 31), "
        "stands billed at 31.00 (31.00 × 31 ÷ 31), the difference: 21.00 USD"
    )
    assert "catalogue" not in settled["price_from"]
    assert recurring["price_from"] == "the account-package's own price"


def test_what_has_no_account_package_is_told_without_one(world: World) -> None:
    """Fees, manual transactions, credit notes and reversals: nothing empty, nothing of a run."""
    late = {"event": "on", "action": "late_fee", "amount": {"USD": "5.00"}}
    run = base()["bill_runs"][0]
    run["actions"] = ["dunning", *run["actions"]]
    setup = held_by_one(sold("line", "31.00"), "2020-09-01")
    setup["accounts"][0]["ar_term"] = "Strict"
    setup["ar_terms"] = [{"name": "Strict", "payment_term": "net 0", "levels": [late]}]
    world.apply({**setup, "bill_runs": [run]})
    world.bill(*OCTOBER)
    world.must("account", "charge", "A-1", "9.00", "--reason", "technician")
    world.must("clock", "advance", "--to", "2020-11-02T15:00:00Z")
    world.bill(*NOVEMBER)
    world.must("invoice", "credit", "INV-007855", "--line", "1", "--reason", "goodwill")
    told = world.must("explain", "INV-007855").out
    fee, manual, month = told.split("\n\n")[1:]
    for part in (fee, manual):
        assert "account         A-1\n" in part
        assert "account-package" not in part
        assert "price" not in part
    assert "account-package  p of account A-1\n" in month
    note = world.invoices()[-1]["number"]
    told = world.must("explain", note).out
    assert "document  credit note of invoice INV-007855\nreason    goodwill\n" in told
    assert "None" not in told
    assert "bill run" not in told
    world.must("invoice", "void", note, "--yes")
    told = world.must("explain", world.invoices()[-1]["number"]).out
    assert f"document  reversal of invoice {note}\n" in told
    assert "None" not in told
