"""Things of accounts: their rows, how they are found now and then, and older databases."""

from contextlib import closing
from datetime import date

import pytest

from aggregates import identity
from aggregates.invoice import InvoiceSettled
from commands.store import ItemRow, Reading, Staged
from infra.store.database import Row
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.verify_history import verify_history
from schemas.kinds import KINDS
from tests.infra.store.build import batch
from tests.infra.store.tampering import by_hand

FEBRUARY = date(2020, 2, 1)
ACCOUNTS = [identity.account(f"A-{n}") for n in range(5)]
OLDER = {
    "sqlite": "DROP TABLE items; PRAGMA user_version=1;",
    "postgresql": "DROP TABLE items;",
}


def settle(store: OwnedStore, row: ItemRow, amount: int) -> None:
    event = InvoiceSettled(source="payment", amount=amount, on=FEBRUARY)
    state = KINDS["invoice"].evolve(row.state, event)
    store.append(batch(store, Staged("invoice", row.stream, row.version, [event], state)))


def invoices(reading: Reading, number: str, only_open: bool = True) -> list[ItemRow]:
    account = identity.account(number)
    return reading.items_of("invoice", [account], only_open).get(account, [])


def test_an_accounts_invoices_by_their_numbers(billed: OwnedStore) -> None:
    with billed.snapshot() as reading:
        first, second = invoices(reading, "A-0")
        assert first.ordinal < second.ordinal
        assert first.state.number == f"INV-{first.ordinal:06}"
        assert first.state.sequence == first.ordinal
        generated = billed.stream(first.stream)[-1].event
        assert (generated.number, generated.sequence) == (first.state.number, first.ordinal)
        assert first.state.open_balance == generated.total > 0
        found = reading.get("invoice", first.stream)
        assert found is not None
        assert found.state == first.state


def test_what_is_settled_is_not_open_any_more(billed: OwnedStore) -> None:
    with billed.snapshot() as reading:
        first, second = invoices(reading, "A-0")
    settle(billed, first, first.state.total - 1)
    with billed.snapshot() as reading:
        open_now = invoices(reading, "A-0")
    assert [row.stream for row in open_now] == [first.stream, second.stream]
    assert open_now[0].state.open_balance == 1
    settle(billed, open_now[0], 1)
    with billed.snapshot() as reading:
        assert [row.stream for row in invoices(reading, "A-0")] == [second.stream]
        assert [row.stream for row in invoices(reading, "A-0", False)] == [
            first.stream,
            second.stream,
        ]
    assert verify_history(billed).clean


def test_then_as_now(billed: OwnedStore) -> None:
    with billed.snapshot() as reading:
        before = reading.items_in("invoice", b"", b"")
        position = reading.head.position
    settle(billed, before[ACCOUNTS[0]][0], before[ACCOUNTS[0]][0].state.total)
    with billed.as_of(position) as then:
        assert then.items_in("invoice", b"", b"") == before
        assert then.items_of("invoice", ACCOUNTS) == before
    with billed.snapshot() as now, billed.as_of(billed.head.position) as then:
        assert then.items_in("invoice", b"", b"") == now.items_in("invoice", b"", b"") != before


def test_ranges_of_accounts_divide_their_items(billed: OwnedStore) -> None:
    ids = sorted(ACCOUNTS)
    with billed.snapshot() as now, billed.as_of(billed.head.position) as then:
        for reading in (now, then):
            pieces = [
                reading.items_in("invoice", low, high)
                for low, high in zip([b"", *ids[1:]], [*ids[1:], b""], strict=True)
            ]
            assert [list(piece) for piece in pieces] == [[account] for account in ids]
            assert all(len(rows) == 2 for piece in pieces for rows in piece.values())


def test_nobody_works_on_invoices(billed: OwnedStore) -> None:
    with billed.snapshot() as now, billed.as_of(billed.head.position) as then:
        assert now.items_at_work("invoice", "open") == then.items_at_work("invoice", "open") == []


def make_older(store: OwnedStore) -> None:
    """As the version before left it."""
    by_hand(store, OLDER[store.url.partition(":")[0]])
    by_hand(store, "UPDATE meta SET value = '1' WHERE key = 'file_version'")


def rows(store: OwnedStore) -> list[Row]:
    with store.proving() as database:
        return list(database.execute("SELECT * FROM items ORDER BY stream").fetchall())


def test_an_older_database_is_brought_up_to_date(billed: OwnedStore, url: str) -> None:
    before = rows(billed)
    assert len(before) == 10
    make_older(billed)
    billed.close()
    for _ in range(2):
        with closing(open_store(url)) as again:
            assert rows(again) == before
            assert verify_history(again).clean


def test_a_row_changed_by_hand_is_found(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE items SET ordinal = 1 WHERE ordinal = 7854")
    (finding,) = verify_history(billed).findings
    assert finding.code == "state_row_differs"


def test_a_database_of_a_later_version_is_refused(billed: OwnedStore, url: str) -> None:
    by_hand(billed, "UPDATE meta SET value = '99' WHERE key = 'file_version'")
    if url.startswith("sqlite"):
        by_hand(billed, "PRAGMA user_version=99; PRAGMA wal_checkpoint(TRUNCATE)")
    billed.close()
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert refused.value.code == "database_newer"


def test_an_invoice_is_found_by_its_number(billed: OwnedStore) -> None:
    with billed.snapshot() as reading:
        rows = [row for found in reading.items_in("invoice", b"", b"").values() for row in found]
        position = reading.head.position
        for row in rows:
            assert reading.invoice_by_number(row.state.number) == row.stream
        for number in ("INV-007853", "INV-007864", "INV-7854", "007854", "INV-", "", "CN-000001"):
            assert reading.invoice_by_number(number) is None
    with billed.as_of(position) as then, billed.as_of(20) as before:
        assert then.invoice_by_number("INV-007860") is not None
        assert before.invoice_by_number("INV-007860") is None


def test_open_ones_of_several_kinds_and_only_those_up_to_an_ordinal(billed: OwnedStore) -> None:
    kinds = ("invoice", "payment")
    with billed.snapshot() as now, billed.as_of(billed.head.position) as then:
        every = now.items_in("invoice", b"", b"")
        middle = sorted(row.ordinal for rows in every.values() for row in rows)[4]
        for reading in (now, then):
            found = reading.open_items_in(kinds, b"", b"", {})
            assert found == {account: {"invoice": rows} for account, rows in every.items()}
            other = reading.open_items_in(kinds, b"", b"", {"payment": 0})
            assert other == found
            some = reading.open_items_in(kinds, b"", b"", {"invoice": middle, "payment": 0})
            assert some == {
                account: {"invoice": [row for row in rows if row.ordinal <= middle]}
                for account, rows in every.items()
                if rows[0].ordinal <= middle
            }
            assert reading.open_items_in((), b"", b"", {}) == {}
