"""Dunning and contract terms on PostgreSQL do what they do on SQLite (R24, R31)."""

from pathlib import Path
from typing import Any

from tests.rules.support import NOVEMBER, OCTOBER, bill_run
from tests.rules.test_dunning import term
from tests.support.world import World, account, base, package

ACTIONS = ["dunning", "bill_packages", "contract_terms", "generate_invoice"]


def lived(world: World) -> World:
    """An invoice that is not paid, a commitment that is not met, and a second run that sees both:
    for an account that pays itself and for one whose parent pays.
    """
    contracts = [
        {
            "id": f"K-{number}",
            "account": number,
            "start": "2020-10-01",
            "term": "annual",
            "commitment": {"amount": "100.00"},
            "escalator": {"percent": "5", "every": "monthly"},
        }
        for number in ("A-1", "C-1")
    ]
    accounts = [
        account("A-1", package("a", "2020-09-01"), ar_term="Strict"),
        account("P-1", ar_term="Strict"),
        account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
    ]
    runs = [bill_run(actions=ACTIONS)]
    world.apply(base(ar_terms=[term()], accounts=accounts, contracts=contracts, bill_runs=runs))
    world.bill(*OCTOBER)
    world.must("clock", "advance", "--to", "2020-11-10T15:00:00Z")
    world.bill(*NOVEMBER)
    world.must("payment", "record", "A-1", "20.00", "--kind", "cash")
    world.must("clock", "advance", "--to", "2020-12-05T15:00:00Z")
    world.bill("2020-12-01", "2020-12-31")
    return world


def seen(world: World) -> list[Any]:
    # Lines alike but for the ids of their fees stand in the order of these, which differ.
    lines = [
        sorted((line["kind"], line["account"], line["amount"]) for line in invoice["lines"])
        for invoice in world.invoices()
    ]
    overdue = [
        [one["number"], one["balance"], [(it["level"], it["fee"]) for it in one["levels"]]]
        for one in world.read("invoice", "overdue", "--all")
    ]
    contracts = [world.read("contract", "show", name) for name in ("K-A-1", "K-C-1")]
    for found in contracts:
        for period in found["periods"]:
            period["execution"] = ""
    return [
        lines,
        overdue,
        contracts,
        world.read("contract", "list"),
        world.read("account", "list"),
        world.read("account-package", "list"),
        world.read("ar-term", "list"),
    ]


def test_both_stores_dun_and_bind_alike(tmp_path: Path, postgres_url: str) -> None:
    clock = "2020-10-05T15:00:00Z"
    (tmp_path / "sqlite").mkdir()
    here = lived(World(tmp_path / "sqlite", clock=clock))
    there = lived(World(tmp_path, clock=clock, url=postgres_url))
    assert seen(here) == seen(there)
    for world in (here, there):
        world.must("verify")
        for found in world.read("bill-run", "completed"):
            world.must("execution", "replay", found["id"])
