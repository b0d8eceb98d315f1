"""Ten things done to the file by hand, with SQL; `billstream verify` finds and names each."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregates import identity
from tests.support.world import World, account, base, package

BILLED = "(SELECT max(position) FROM events WHERE topic = 'account_package.billed')"


@pytest.fixture
def billed(world: World) -> World:
    """Two accounts billed for October."""
    accounts = [account(f"A-{n}", package(f"p{n}", "2020-09-01")) for n in (1, 2)]
    world.apply(base(accounts=accounts))
    world.bill("2020-10-01", "2020-10-31")
    world.must("verify")
    return world


def by_hand(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        connection.commit()


def found(world: World, *more: str) -> tuple[str, str]:
    """Code and sentence of the first culprit; verify must fail."""
    answer = world.must("verify", *more, "--json", status=1)
    first = answer.json["findings"][0]
    assert answer.err.startswith(f"error: {first['code']}"), answer.err
    return first["code"], f"{first['position']} {first['stream']} {first['sentence']}"


def test_a_changed_amount_in_an_event(billed: World) -> None:
    by_hand(
        billed.path,
        "UPDATE events SET payload = replace(payload, '\"amount\":2000', '\"amount\":1000') "
        f"WHERE position = {BILLED}",
    )
    code, where = found(billed)
    assert (code, "None" in where) == ("event_changed", False)


def test_a_removed_event(billed: World) -> None:
    by_hand(billed.path, f"DELETE FROM events WHERE position = {BILLED} - 1")
    assert found(billed)[0] == "event_missing"


def test_a_removed_last_event_of_a_stream(billed: World) -> None:
    by_hand(billed.path, f"DELETE FROM events WHERE position = {BILLED}")
    assert found(billed)[0] == "event_missing"


def test_an_event_moved_to_another_stream(billed: World) -> None:
    by_hand(
        billed.path,
        "UPDATE events SET version = 9, stream = (SELECT stream FROM events "
        f"WHERE topic = 'account.opened' LIMIT 1) WHERE position = {BILLED}",
    )
    assert found(billed)[0] == "event_changed"


def test_two_swapped_events(billed: World) -> None:
    with closing(sqlite3.connect(billed.path)) as connection:
        last, other = (
            position
            for (position,) in connection.execute(
                "SELECT position FROM events WHERE topic = 'account_package.billed' "
                "ORDER BY position DESC LIMIT 2"
            )
        )
    by_hand(
        billed.path,
        f"UPDATE events SET position = -1 WHERE position = {last}",
        f"UPDATE events SET position = {last} WHERE position = {other}",
        f"UPDATE events SET position = {other} WHERE position = -1",
    )
    assert found(billed)[0] in ("event_changed", "event_missing")


def test_an_inserted_event(billed: World) -> None:
    by_hand(
        billed.path,
        "INSERT INTO events SELECT (SELECT max(position) FROM events) + 1, stream, version + 1, "
        f"topic, schema_version, payload, metadata, at, hash FROM events WHERE position = {BILLED}",
    )
    assert found(billed)[0] == "event_inserted"


def test_the_newest_commit_cut_off(billed: World) -> None:
    head = billed.read("verify")["head"]
    with closing(sqlite3.connect(billed.path)) as connection:
        first, last = connection.execute(
            "SELECT first, last FROM commits ORDER BY first DESC LIMIT 1"
        ).fetchone()
        connection.execute("DELETE FROM commits WHERE first = ?", (first,))
        connection.execute("DELETE FROM events WHERE position BETWEEN ? AND ?", (first, last))
        connection.execute(
            "UPDATE log_head SET (position, root, at) = "
            "(SELECT last, root, at FROM commits ORDER BY first DESC LIMIT 1)"
        )
        connection.commit()
    assert found(billed, "--history", "--expect", head)[0] == "history_cut_off"


def test_a_changed_view_row(billed: World) -> None:
    with closing(sqlite3.connect(billed.path)) as connection:
        (table,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'view_invoices_v%'"
        ).fetchone()
        connection.execute(f"UPDATE {table} SET total = 1 WHERE number = 'INV-007855'")
        connection.commit()
    code, sentence = found(billed)
    assert code == "view_differs"
    assert "INV-007855" in sentence


def test_a_changed_state_row(billed: World) -> None:
    by_hand(
        billed.path,
        "UPDATE account_packages SET state = replace(state, '2020-11-01', '2020-12-01'), "
        "next_bill_date = '2020-12-01' WHERE ref = 'p2'",
    )
    code, sentence = found(billed)
    stream = identity.text(identity.account_package(identity.account("A-2"), "p2"))
    assert (code, stream in sentence) == ("state_row_differs", True)


def test_a_gap_in_invoice_numbers(billed: World) -> None:
    by_hand(billed.path, "UPDATE number_series SET next = next + 1")
    billed.apply({"accounts": [account("A-3", package("p3", "2020-09-01"))]})
    billed.bill("2020-10-01", "2020-10-31")
    code, sentence = found(billed)
    assert code == "invoice_number_gap"
    assert "INV-007857 follows 7855" in sentence
