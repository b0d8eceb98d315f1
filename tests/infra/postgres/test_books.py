"""The books on PostgreSQL say what they say on SQLite."""

from pathlib import Path
from typing import Any

from tests.rules.test_books import post_by_hand
from tests.rules.test_ledger import ADVANCE, CODES
from tests.support.world import World, account, base, package


def billed(world: World) -> World:
    setup = base(
        gl_codes=CODES,
        accounts=[
            account("P-1", currency="EUR"),
            account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
            account("A-1", package("a", "2020-09-01"), package("b", "2020-10-01", code="adv")),
        ],
    )
    setup["packages"].append(ADVANCE)
    world.apply(setup)
    world.bill("2020-10-01", "2020-10-31")
    return world


def books(world: World) -> list[Any]:
    year_end = ("--at", "2020-12-31")
    return [
        world.read("ledger", "trial-balance"),
        world.read("ledger", "trial-balance", *year_end),
        world.read("ledger", "aging", *year_end),
        world.read("ledger", "statement", "A-1"),
        [{**entry, "document": ""} for entry in world.read("ledger", "journal")],
        world.must("ledger", "export", "--format", "hledger").out,
        world.must("ledger", "export", "--format", "beancount").out,
    ]


def test_both_stores_keep_the_same_books(tmp_path: Path, postgres_url: str) -> None:
    clock = "2020-10-05T15:00:00Z"
    (tmp_path / "sqlite").mkdir()
    here = billed(World(tmp_path / "sqlite", clock=clock))
    there = billed(World(tmp_path, clock=clock, url=postgres_url))
    assert books(here) == books(there)
    there.must("verify")


def test_what_is_posted_by_hand_has_a_known_code_and_an_open_day(
    tmp_path: Path, postgres_url: str
) -> None:
    world = World(tmp_path, clock="2020-11-05T09:00:00Z", url=postgres_url)
    world.apply(base(accounts=[account("A-1", package("a", "2020-09-01"))]))
    post_by_hand(world)
