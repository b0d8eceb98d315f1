"""The listing verbs of money owed: a table for people and one document for programs, also empty."""

from pathlib import Path

import pytest

from tests.rules.support import OCTOBER
from tests.support.world import World, account, base, package

LISTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("credit", "list"): ("There are none.", "credit  2020-10-05  a day"),
    ("account", "transactions", "C-1"): ("There are none.", "credit  2020-10-05  a day"),
    ("payment", "list"): ("There are no payments.", "succeeded         0.00  -"),
    ("payment-method", "list", "--account", "C-1"): (
        "There are no payment methods.",
        "visa    card",
    ),
    ("contract", "list"): ("There are no contracts.", "C-1/2020  C-1      active"),
    ("invoice", "overdue", "--all"): ("No invoice is overdue.", "INV-007854  C-1"),
    ("ar-term", "list"): ("There are no AR terms.", "Strict  net 5"),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def fill(world: World) -> None:
    """Something for every list."""
    method = {"id": "visa", "kind": "card", "token": "pm_1", "auto_pay": True}
    held = package("C-1/internet", "2020-09-01")
    contract = {"id": "C-1/2020", "account": "C-1", "start": "2020-10-01", "term": "annual"}
    world.apply(
        base(
            ar_terms=[{"name": "Strict", "payment_term": "net 5"}],
            accounts=[account("C-1", held, payment_methods=[method])],
            contracts=[contract],
        )
    )
    world.must("payment", "record", "C-1", "2.00", "--kind", "cash")
    world.bill(*OCTOBER)
    world.must("credit", "add", "C-1", "25.00", "--reason", "a day")
    world.must("payment", "record", "C-1", "1.00", "--kind", "cash")


@pytest.mark.parametrize("words", LISTS)
def test_a_list_says_that_it_is_empty_or_what_is_in_it(
    world: World, words: tuple[str, ...]
) -> None:
    empty, row = LISTS[words]
    world.apply(base(accounts=[account("C-1")]))
    assert world.must(*words).out == f"{empty}\n"
    assert world.must(*words, "--json").out == "[]\n"
    fill(world)
    table = world.must(*words).out
    assert row in table
    assert "None" not in table
    assert len(world.read(*words)) == len(table.splitlines()) - 2


def test_gl_codes_are_there_without_setup(world: World) -> None:
    table = world.must("gl-code", "list").out
    assert len(world.read("gl-code", "list")) == len(table.splitlines()) - 2
    assert "charge_back  Charge-backs" in table


def firsts(world: World, *words: str) -> list[str]:
    """The first column of a table."""
    return [line.split()[0] for line in world.must(*words).out.splitlines()[2:]]


def test_things_of_one_account_are_told_apart_by_the_digits_that_lists_show(world: World) -> None:
    """Their ids begin alike: with those of the account."""
    world.apply(base(accounts=[account("C-1")]))
    for amount in ("1.00", "2.00"):
        world.must("payment", "record", "C-1", amount, "--kind", "cash")
        world.must("credit", "add", "C-1", amount)
    first, second = firsts(world, "payment", "list")
    assert world.read("payment", "show", second)["amount"] == "2.00"
    world.must("payment", "refund", first, "--yes")
    assert world.read("account", "balance", "C-1")["undisbursed"] == "2.00"
    entries = world.must("ledger", "statement", "C-1").out
    assert f"payment  {first}" in entries
    assert f"payment  {second}" in entries
    one, other = firsts(world, "account", "transactions", "C-1")
    world.must("credit", "remove", one)
    listed = {row["id"][-8:]: row["status"] for row in world.read("credit", "list")}
    assert listed == {one: "removed", other: "waiting"}
    begin = world.read("payment", "list")[0]["id"][:8]
    assert world.refused("payment", "show", begin) == "id_ambiguous"
