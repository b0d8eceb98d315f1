"""What the tests of contracts share (R31)."""

from pathlib import Path
from typing import Any

from tests.rules.support import bill_run
from tests.support.world import World, account, base, package

TERMS = ["bill_packages", "contract_terms", "generate_invoice"]
SEPTEMBER_START = "2020-09-01"


def contract(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": "K-1",
        "account": "A-1",
        "start": "2020-10-01",
        "term": "annual",
        "commitment": {"amount": "100.00", "per": "monthly"},
    }
    return found | more


def signed(
    tmp_path: Path, *contracts: dict[str, Any], url: str | None = None, **more: Any
) -> World:
    """A package of 20.00 a month in arrears, billed on the 1st, under contracts."""
    world = World(tmp_path, clock="2020-10-05T15:00:00Z", url=url)
    runs = [
        bill_run("Default", actions=TERMS),
        bill_run("Plain"),
        bill_run("Terms", actions=["contract_terms"]),
    ]
    accounts = [account("A-1", package("a", SEPTEMBER_START))]
    setup = base(accounts=accounts, bill_runs=runs, contracts=list(contracts))
    world.apply(setup | more)
    return world


def fees(world: World) -> list[tuple[str, str, str]]:
    """The fees of all invoices: number, first day, amount."""
    return [
        (invoice["number"], line["service_period"]["start"], line["amount"])
        for invoice in world.invoices()
        for line in invoice["lines"]
        if line["kind"] == "fee"
    ]


def closed(world: World, ref: str = "K-1") -> list[tuple[str, str, str]]:
    """Commit periods that are closed: first day, what counted, what was short."""
    periods = world.read("contract", "show", ref)["periods"]
    return [(one["start"], one["counted"], one["shortfall"]) for one in periods]


def counted(world: World, ref: str = "K-1") -> str:
    """What counts so far in the commit period that runs."""
    return str(world.read("contract", "show", ref)["running"]["counted"])


def events_of(world: World, type: str) -> list[dict[str, Any]]:
    """What the events of a type hold, oldest first."""
    return [found["event"] for found in world.read("history", "list", "--type", type)]


def sound(world: World) -> None:
    """Nothing is wrong with history, and every execution is computed again as it was."""
    world.must("verify")
    for found in world.read("bill-run", "completed"):
        world.must("execution", "replay", found["id"])


def two_days() -> list[dict[str, Any]]:
    """An account with packages of 20.00 billed on the 1st and on the 15th."""
    second = package("b", "2020-09-15", bill_day=15)
    return [account("A-1", package("a", SEPTEMBER_START), second)]


def void_latest(world: World) -> None:
    world.must("invoice", "void", world.invoices()[-1]["number"], "--yes")
