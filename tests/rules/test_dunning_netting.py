"""R24, R25: nobody is dunned for what the account's own money covers, and a status that dunning set
is taken back at once, whatever brought the balance down.
"""

from pathlib import Path

import pytest

from tests.rules.support import NOVEMBER, OCTOBER, bill_run
from tests.rules.test_dunning import levels, on, overdue, pay, reached_fees, sound, term
from tests.support.world import World, account, base, package


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two invoices of 20.00 USD: INV-007854 due 21 Oct, INV-007855 due 21 Nov."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    runs = [bill_run("Plain"), bill_run("Dunning", actions=["dunning"])]
    world.apply(
        base(
            ar_terms=[term()],
            accounts=[account("A-1", package("a", "2020-09-01"), ar_term="Strict")],
            bill_runs=runs,
        )
    )
    world.bill(*OCTOBER, run="Plain")
    world.bill(*NOVEMBER, run="Plain")
    return world


def status(world: World) -> str:
    found: str = world.read("account", "show", "A-1")["status"]
    return found


def suspended(world: World) -> World:
    """What is overdue is INV-007854 alone."""
    on(world, "2020-11-20")
    assert status(world) == "suspended"
    return world


def test_money_that_pays_nothing_yet_covers_the_oldest(world: World) -> None:
    """The payment of the later invoice is free when that is void: nobody has spent it yet."""
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash", "--invoice", "INV-007855")
    world.must("invoice", "void", "INV-007855", "--yes")
    assert world.read("account", "balance", "A-1")["balance"] == "0.00"
    world.must("clock", "advance", "--to", "2020-11-20T15:00:00Z")
    assert world.read("payment", "list")[0]["undisbursed"] == "0.00", "time went by: it was spent"
    sound(world)


def test_unapplied_money_is_set_off_in_the_run_itself(world: World) -> None:
    world.must("clock", "advance", "--to", "2020-11-20T15:00:00Z")
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash", "--invoice", "INV-007855")
    world.must("invoice", "void", "INV-007855", "--yes")
    assert world.read("payment", "list")[0]["undisbursed"] == "20.00"
    world.bill(*OCTOBER, run="Dunning")
    assert status(world) == "active"
    assert "dunning_level_reached" not in world.must("history", "export").out
    sound(world)


def test_part_of_it_lowers_what_a_level_is_taken_of(world: World) -> None:
    on(world, "2020-10-31")
    world.must("credit", "add", "A-1", "35.00")
    on(world, "2020-11-10")
    assert reached_fees(world) == [
        ("after 10: late_fee", "5.00"),
        ("after 20: late_fee_percent", "0.50"),
    ], "35.00 come off the newest of 20.00 and 20.00, and 10 % of 5.00 is 0.50"


def test_a_credit_that_waits_covers_what_is_owed(world: World) -> None:
    world.must("credit", "add", "A-1", "40.00")
    on(world, "2020-11-20")
    assert status(world) == "active"
    assert levels(world) == []
    assert overdue_now(world) == []
    sound(world)


def test_a_credit_that_waits_comes_off_the_newest(world: World) -> None:
    """20.00 of 40.00 are not due yet; a credit of 20.00 goes on the next invoice, and what is
    overdue is overdue.
    """
    world.must("credit", "add", "A-1", "20.00")
    on(world, "2020-10-22")
    assert levels(world) == ["2020-10-22 on: notify"]
    assert overdue_now(world) == ["INV-007854"]


def overdue_now(world: World) -> list[str]:
    return [one["number"] for one in world.read("invoice", "overdue")]


def test_the_list_of_whom_to_remind_says_what_dunning_looks_at(world: World) -> None:
    world.must("clock", "advance", "--to", "2020-11-20T15:00:00Z")
    world.must("credit", "add", "A-1", "25.00")
    (late,) = world.read("invoice", "overdue")
    assert (late["balance"], late["overdue"]) == ("20.00", "15.00")
    assert {n: one["overdue"] for n, one in overdue(world).items()} == {
        "INV-007854": "15.00",
        "INV-007855": "0.00",
    }


def test_a_credit_note_takes_the_status_back_at_once(world: World) -> None:
    suspended(world)
    world.must("invoice", "credit", "INV-007854", "--line", "1", "--amount", "19.99")
    assert status(world) == "suspended"
    world.must("invoice", "credit", "INV-007854")
    assert status(world) == "active"
    sound(world)


def test_a_void_takes_the_status_back_at_once(world: World) -> None:
    suspended(world)
    world.must("invoice", "void", "INV-007855", "--yes")
    assert status(world) == "suspended", "that one was not due yet"
    world.must("invoice", "void", "INV-007854", "--yes")
    assert status(world) == "active"
    sound(world)


def test_a_void_that_frees_enough_money_does_too(world: World) -> None:
    suspended(world)
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash", "--invoice", "INV-007855")
    assert status(world) == "suspended"
    world.must("invoice", "void", "INV-007855", "--yes")
    assert status(world) == "active"
    sound(world)


def test_a_payment_of_the_very_invoice_takes_it_back(world: World) -> None:
    suspended(world)
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash", "--invoice", "INV-007854")
    assert status(world) == "active"
    sound(world)


def test_a_credit_by_hand_takes_it_back_when_nothing_is_owed(world: World) -> None:
    suspended(world)
    balance = world.read("account", "balance", "A-1")["balance"]
    world.must("credit", "add", "A-1", str(float(balance) - 0.01))
    assert status(world) == "suspended"
    world.must("credit", "add", "A-1", "0.01")
    assert status(world) == "active"
    sound(world)


def test_an_account_suspended_by_hand_stays_so(world: World) -> None:
    world.apply({"accounts": [{"number": "A-1", "status": "suspended"}]})
    on(world, "2020-11-20")
    pay(world, "100.00")
    assert status(world) == "suspended"


def test_what_dunning_suspended_and_a_person_suspends_stays_suspended(world: World) -> None:
    suspended(world)
    world.apply({"accounts": [{"number": "A-1", "status": "suspended"}]})
    pay(world, "100.00")
    assert status(world) == "suspended"


def test_a_credit_of_an_account_covers_what_its_invoicer_owes(tmp_path: Path) -> None:
    """It goes on the invoicer's next invoice (R15), so it counts for the invoicer."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z")
    parent = account("A-1", ar_term="Strict")
    child = account("C-1", package("c", "2020-09-01"), parent="A-1", invoicer="parent")
    runs = [bill_run("Plain"), bill_run("Dunning", actions=["dunning"])]
    world.apply(base(ar_terms=[term()], accounts=[parent, child], bill_runs=runs))
    world.bill(*OCTOBER, run="Plain")
    on(world, "2020-11-20")
    assert status(world) == "suspended"
    world.must("credit", "add", "C-1", "20.00")
    assert status(world) == "active"
    assert overdue_now(world) == []
    sound(world)


def test_an_invoice_that_is_open_again_goes_on_where_it_was(world: World) -> None:
    suspended(world)
    pay(world, "40.00")
    assert status(world) == "active"
    (payment,) = world.read("payment", "list")
    world.must("payment", "refund", payment["id"], "--yes")
    on(world, "2020-11-21")
    assert status(world) == "active"
    assert len(levels(world)) == 4
    assert overdue_now(world) == ["INV-007854"]
    sound(world)
