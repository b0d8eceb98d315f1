"""A seeded database and processes that run bills on it, to be killed at bad moments."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import Any

from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support import seed
from tests.support.world import Answer, World

PERIOD = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
RUN = ("bill-run", "schedule", "Default", "--now", *PERIOD)


def seeded(url: str, accounts: int) -> str:
    """A database with accounts that are due on 1 October 2020."""
    with closing(open_store(url, create=True)) as store:
        seed.set_up(store)
        seed.add_accounts(store, accounts, effective=date(2020, 9, 1))
    return url


class Existing(World):
    """A world over a database that is there already."""

    def __init__(self, url: str) -> None:
        self.url = url


def start(url: str, words: Sequence[str]) -> "subprocess.Popen[str]":
    """A process of its own that runs a command line on the database."""
    program = "from infra.start import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *words, "--database", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> Answer:
    """Waits for the process to end."""
    out, err = process.communicate(timeout=120)
    return Answer(process.returncode, out, err)


def query(url: str, sql: str) -> list[Any]:
    """Rows straight from the database."""
    with closing(open_store(url)) as store, store.proving() as database:
        return database.execute(sql).fetchall()


def chunks_done(store: OwnedStore) -> int:
    """How many chunks have been committed."""
    with store.proving() as database:
        query = "SELECT count(*) FROM events WHERE topic = 'chunk.billed'"
        return int(database.execute(query).fetchone()[0])


def assert_billed_once(world: World, accounts: int) -> None:
    """Every due package billed once, numbers gapless, the whole history sound."""
    billed = query(
        world.url,
        "SELECT stream, count(*) FROM events WHERE topic = 'account_package.billed' GROUP BY 1",
    )
    assert len(billed) == accounts
    assert {count for _, count in billed} == {1}
    numbers = [invoice["number"] for invoice in world.invoices()]
    assert numbers == [f"INV-{n:06d}" for n in range(1, accounts + 1)]
    dates = {row["next_bill_date"] for row in world.read("account-package", "list")}
    assert dates == {"2020-11-01"}
    world.must("verify")
