"""What is stored and damaged has a code in every verb that meets it, and a remedy; what does not
need it goes on.
"""

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aggregates import identity
from infra.store.open import open_store
from infra.store.state_rows import table_of
from tests.infra.store.tampering import by_hand
from tests.rules.support import OCTOBER
from tests.support.world import World, account, base, package

NO_JSON, NO_STATE = b"{".hex(), b'{"name": 5}'.hex()


@pytest.fixture(params=["sqlite", "postgres"])
def billed(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Two accounts, billed for October; views and journal have read it."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    world = World(tmp_path, url=url)
    accounts = [account(f"A-{n}", package(f"p{n}", "2020-09-01")) for n in (1, 2)]
    world.apply(base(accounts=accounts))
    world.bill(*OCTOBER)
    world.must("ledger", "trial-balance")
    return world


@contextmanager
def damaged_state(world: World, kind: str, stream: bytes, written: str) -> Generator[str]:
    """The id of a thing whose state row holds something else meanwhile."""
    table, where = table_of(kind), f"WHERE stream = x'{stream.hex()}'"
    with closing(open_store(world.url)) as store:
        with store.proving() as rows:
            query = f"SELECT state FROM {table} WHERE stream = ?"
            ((state,),) = rows.execute(query, (stream,)).fetchall()
        by_hand(store, f"UPDATE {table} SET state = x'{written}' {where}")
        yield identity.text(stream)
        by_hand(store, f"UPDATE {table} SET state = x'{bytes(state).hex()}' {where}")


def damage_event(world: World, type: str) -> int:
    """The last event of a type is no JSON any more; its position."""
    with closing(open_store(world.url)) as store:
        with store.proving() as rows:
            query = "SELECT max(position) FROM events WHERE topic = ?"
            ((position,),) = rows.execute(query, (type,)).fetchall()
        by_hand(store, f"UPDATE events SET payload = x'{NO_JSON}' WHERE position = {position}")
    return int(position)


def named(kind: str, name: str) -> tuple[str, bytes]:
    return kind, identity.named(kind, name)


P1 = ("account_package", identity.account_package(identity.account("A-1"), "p1"))
OWNER = ("owner", identity.owner())

MEETINGS = [
    (named("bill_group", "Default Bill Group"), ("bill-group", "list")),
    (named("bill_group", "Default Bill Group"), ("bill-group", "show", "Default Bill Group")),
    (named("package", "internet"), ("account-package", "show", "p1")),
    (named("bill_run", "Default"), ("bill-run", "list")),
    (named("exchange_rates", "October 2020"), ("exchange-rates", "list")),
    (OWNER, ("invoice", "list")),
    (OWNER, ("explain", "INV-007854", "1")),
    (P1, ("account-package", "cancel", "p1", "--as-of", "2020-12-01")),
    (("account", identity.account("A-1")), ("account", "charge", "A-1", "5.00", "--reason", "x")),
]


@pytest.mark.parametrize("written", [NO_JSON, NO_STATE], ids=["no JSON", "no state"])
@pytest.mark.parametrize(("thing", "words"), MEETINGS, ids=lambda it: " ".join(map(str, it[:2])))
def test_a_state_that_cannot_be_read_is_named(
    billed: World, thing: tuple[str, bytes], words: tuple[str, ...], written: str
) -> None:
    kind, stream = thing
    with damaged_state(billed, kind, stream, written) as id:
        answer = billed.must(*words, "--json", status=1)
        error = json.loads(answer.out.splitlines()[-1])["error"]
        assert error["code"] == "state_unreadable"
        assert error["details"] == {"kind": kind, "id": id}
        assert kind.replace("_", " ") in error["message"]
        assert "billstream verify" in error["message"]
        assert "restore" in error["message"]
        # The remedy it names works: history tells what it is, and verify that it is damaged.
        assert id in error["message"]
        assert billed.read("history", "show", id)[0]["stream"] == id
        assert id in billed.must("verify", status=1).err
        assert billed.read("account", "show", "A-1") if kind != "owner" else True
    billed.must("verify")


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("invoice.generated", ("explain", "INV-007855", "1")),
        ("account_package.billed", ("history", "show", "account-package:p1")),
        ("account_package.billed", ("history", "list")),
        ("account_package.billed", ("views", "rebuild")),
        ("invoice.generated", ("views", "rebuild", "journal")),
    ],
    ids=lambda it: it if isinstance(it, str) else " ".join(it),
)
def test_an_event_that_cannot_be_read_is_named(
    billed: World, type: str, words: tuple[str, ...]
) -> None:
    position = damage_event(billed, type)
    answer = billed.must(*words, status=1)
    assert answer.err.startswith(f"error: event_unreadable: event {position} of history, {type} ")
    assert "billstream verify" in answer.err
    assert f"position {position}" in billed.must("verify", status=1).err


def test_a_replay_names_what_is_recorded_and_cannot_be_read(billed: World) -> None:
    (execution,) = billed.read("bill-run", "completed")
    position = damage_event(billed, "account_package.billed")
    found = billed.must("execution", "replay", execution["id"], "--json", status=1)
    (difference,) = found.json["differences"]
    assert difference["position"] == position
    assert "cannot be read (DecodeError" in difference["sentence"]


def test_a_replay_that_needs_what_cannot_be_read_is_refused(billed: World) -> None:
    (execution,) = billed.read("bill-run", "completed")
    damage_event(billed, "account.opened")
    code = billed.refused("execution", "replay", execution["id"])
    assert code == "history_unreadable"


def test_a_view_that_cannot_be_read_is_made_anew(billed: World) -> None:
    (execution,) = billed.read("bill-run", "completed")
    (table, other) = (_table(billed, name) for name in ("invoices", "executions"))
    with closing(open_store(billed.url)) as store:
        if billed.url.startswith("sqlite"):
            by_hand(store, f"UPDATE {table} SET lines = '['; UPDATE {other} SET totals = '5'")
        else:  # the database itself refuses what is no JSON
            by_hand(store, f"UPDATE {table} SET lines = '[5]'; UPDATE {other} SET totals = '5'")
    for name, words in (
        ("invoices", ("invoice", "show", "INV-007854")),
        ("executions", ("execution", "show", execution["id"])),
    ):
        answer = billed.must(*words, status=1)
        assert answer.err.startswith("error: view_unreadable:"), answer.err
        assert words[-1] in answer.err
        assert f"`billstream views rebuild {name}`" in answer.err
        billed.must("views", "rebuild", name)
        billed.must(*words)


def _table(world: World, name: str) -> str:
    """Where the rows of a view are kept now."""
    with closing(open_store(world.url)) as store, store.proving() as rows:
        query = "SELECT name FROM sqlite_master WHERE name LIKE ?"
        if not world.url.startswith("sqlite"):
            query = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE ?"
        found = rows.execute(query, (f"view_{name}_v%",)).fetchall()
    return min((str(table) for (table,) in found), key=len)  # others are its indexes


def test_text_that_is_none_is_damage_of_the_file(world: World) -> None:
    world.apply(base(accounts=[account("A-1")]))
    with closing(sqlite3.connect(world.path)) as tool:
        tool.execute("UPDATE events SET topic = CAST(x'ff61' AS TEXT) WHERE position = 1")
        tool.commit()
    assert world.refused("history", "list") == "database_damaged"
