"""R19: invoice numbers."""

from typing import Any

import pytest

from tests.rules.support import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    family,
    owner,
    rates,
    refused_setup,
)
from tests.support.world import World, account, base, package


def numbered(prefix: str, start: int, length: int) -> dict[str, Any]:
    return owner(invoice_numbers={"prefix": prefix, "start": start, "length": length})


def some(count: int) -> list[dict[str, Any]]:
    return [account(f"A-{n}", package(f"p{n}", "2020-09-01")) for n in range(count)]


def numbers(world: World) -> list[str]:
    return [str(found["number"]) for found in world.invoices()]


@pytest.mark.parametrize(
    ("prefix", "start", "length", "first"),
    [
        ("INV-", 7854, 6, "INV-007854"),
        ("", 1, 1, "1"),
        ("A/", 123456, 3, "A/123456"),
        ("2020-", 9, 2, "2020-09"),
    ],
)
def test_prefix_start_and_length(
    world: World, prefix: str, start: int, length: int, first: str
) -> None:
    world.apply(base(owner=numbered(prefix, start, length), accounts=some(1)))
    world.bill(*OCTOBER)
    assert numbers(world) == [first]


def test_a_number_longer_than_the_length_is_printed_whole(world: World) -> None:
    world.apply(base(owner=numbered("N", 98, 2), accounts=some(4)))
    world.bill(*OCTOBER)
    assert [row["number"] for row in world.read("invoice", "list")] == [
        "N98",
        "N99",
        "N100",
        "N101",
    ]


def test_numbers_have_no_gap_over_runs_failures_and_runs_without_invoices(world: World) -> None:
    sets = [rates("October 2020", "2020-10-01")]
    world.apply(base(exchange_rates=sets, accounts=[*family(), *some(3)]))
    world.bill(*OCTOBER, status=3)
    world.bill(*OCTOBER, status=3)
    world.preview(*NOVEMBER)
    world.bill(*NOVEMBER, "--catch-up", "all", status=3)
    world.apply(base(accounts=[]))
    world.bill("2020-10-01", "2020-12-31", "--catch-up", "all")
    assert numbers(world) == [f"INV-{number:06}" for number in range(7854, 7854 + 10)]
    world.must("verify")


def test_prefix_and_length_may_change_and_the_count_goes_on(world: World) -> None:
    world.apply(base(accounts=some(1)))
    world.bill(*OCTOBER)
    world.apply(base(owner=numbered("ACME/", 7854, 8)))
    world.bill(*NOVEMBER)
    assert numbers(world) == ["INV-007854", "ACME/00007855"]
    world.must("verify")


def test_a_new_start_above_the_last_number_is_no_gap(world: World) -> None:
    world.apply(base(accounts=some(1)))
    world.bill(*OCTOBER)
    world.apply(base(owner=numbered("INV-", 9000, 6)))
    world.bill(*NOVEMBER)
    world.apply(base(owner=numbered("INV-", 9001, 6)))
    world.bill(*DECEMBER)
    assert numbers(world) == ["INV-007854", "INV-009000", "INV-009001"]
    world.must("verify")


@pytest.mark.parametrize("start", [1, 7853, 7855])
def test_a_new_start_not_above_the_last_number_is_refused(world: World, start: int) -> None:
    world.apply(base(accounts=some(2)))
    world.bill(*OCTOBER)
    setup = base(owner=numbered("INV-", start, 6))
    assert refused_setup(world, setup) == "number_start_too_low"
    world.bill(*NOVEMBER)
    assert numbers(world) == [f"INV-{number:06}" for number in range(7854, 7858)]


def test_numbers_are_those_of_the_whole_owner(world: World) -> None:
    world.apply(base(accounts=some(5)))
    world.bill(*OCTOBER)
    assert sorted(numbers(world)) == numbers(world) == [f"INV-00785{n}" for n in range(4, 9)]
