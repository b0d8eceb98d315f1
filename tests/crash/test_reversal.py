"""A whole execution is taken back once, whoever dies in the middle and whoever helps (R22)."""

import random
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from time import monotonic

import pytest

from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.crash.harness import PERIOD, RUN, Existing, finish, query, seeded, start

ACCOUNTS = 800
CATCH_UP = ("--catch-up", "all")
"""Chunks are small then."""

MARKS = "SELECT count(*) FROM events WHERE topic = 'reversal.chunk_reversed'"


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Existing:
    """Everybody was billed for October."""
    url = f"sqlite:///{tmp_path / 'billstream.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    found = Existing(seeded(url, ACCOUNTS))
    found.must(*RUN, *CATCH_UP)
    return found


def _execution(world: Existing) -> str:
    (found,) = world.read("bill-run", "completed")
    return str(found["id"])


def _reverse(execution: str) -> tuple[str, ...]:
    return ("execution", "reverse", execution, "--yes", "--json")


def _totals(world: Existing, execution: str) -> list[tuple[str, str]]:
    return sorted(
        (one["account"], one["total"]) for one in world.invoices("--execution", execution)
    )


def _reversed_once(world: Existing, execution: str) -> None:
    """Each invoice is void by one counter-invoice, each package went back once, all of it linked
    to the execution; the books are empty again.
    """
    assert world.read("execution", "show", execution)["status"] == "reversed"
    counts: dict[str, tuple[int, int]] = {
        topic: (streams, events)
        for topic, streams, events in query(
            world.url, "SELECT topic, count(DISTINCT stream), count(*) FROM events GROUP BY topic"
        )
    }
    for topic in ("invoice.voided", "account_package.taken_back"):
        assert counts[topic] == (ACCOUNTS, ACCOUNTS), topic
    assert counts["invoice.generated"] == (2 * ACCOUNTS, 2 * ACCOUNTS)
    assert counts["execution.reversed"] == (1, 1)
    documents = {one["number"]: one for one in world.invoices()}
    mine = [one for one in documents.values() if one["kind"] == "charges"]
    assert len(mine) == ACCOUNTS
    for one in mine:
        assert one["status"] == "void"
        assert documents[one["reversed_by"]]["reverses"] == one["number"]
        assert Decimal(documents[one["reversed_by"]]["total"]) == -Decimal(one["total"])
    dates = {row["next_bill_date"] for row in world.read("account-package", "list")}
    assert dates == {"2020-10-01"}
    assert world.read("ledger", "trial-balance") == []
    assert world.read("ledger", "journal", "--account", "A-0"), "it was posted, and posted back"
    world.must("verify")


def _kill(world: Existing, execution: str, dice: random.Random) -> int:
    """SIGKILL after some chunks and a while; how many chunks were done then."""
    process = start(world.url, _reverse(execution))
    with closing(open_store(world.url)) as store:
        more, while_s = _marks(store) + dice.randrange(1, 4), dice.random() * 0.03
        while process.poll() is None and _marks(store) < more:
            pass
    until = monotonic() + while_s
    while process.poll() is None and monotonic() < until:
        pass
    process.kill()
    process.communicate()
    return int(query(world.url, MARKS)[0][0])


def _marks(store: OwnedStore) -> int:
    """How many chunks have been taken back; each look sees what is there now."""
    with store.proving() as database:
        return int(database.execute(MARKS).fetchone()[0])


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_reversal_is_taken_to_its_end(world: Existing, seed: int) -> None:
    execution, dice = _execution(world), random.Random(seed)
    billed = _totals(world, execution)
    done = _kill(world, execution, dice)
    later = _kill(world, execution, dice)
    again = finish(start(world.url, _reverse(execution)))
    assert again.status == 0 or "execution_reversed" in again.err, again.err
    chunks = int(query(world.url, MARKS)[0][0])
    assert 0 < done <= later <= chunks
    assert done < chunks, "it was killed in the middle"
    _reversed_once(world, execution)
    assert world.refused(*_reverse(execution)) == "execution_reversed"
    assert _totals(world, world.bill(PERIOD[1], PERIOD[3], *CATCH_UP)) == billed
    world.must("verify")


def test_two_processes_reverse_the_same_execution_at_once(world: Existing) -> None:
    execution = _execution(world)
    both = [start(world.url, _reverse(execution)) for _ in range(2)]
    for answer in map(finish, both):
        assert answer.status == 0 or "execution_reversed" in answer.err, answer.err
    _reversed_once(world, execution)
