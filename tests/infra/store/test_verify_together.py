"""Several processes find what one finds, in the same order, wherever history is cut."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from aggregates import identity, owner
from commands.store import Staged
from infra.store.crew import Together
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.verify_chain import NOTHING, cut
from infra.store.verify_history import HistoryReport, verify_history
from tests.infra.store.build import NUMBERS, Billing, batch, fill, month_after, open_account
from tests.infra.store.tampering import FEBRUARY, MARCH, by_hand

ALONE, TOGETHER = Together(1, 3), Together(2, 3)


def found(report: HistoryReport) -> tuple[object, ...]:
    return report.findings, report.found, report.events, report.head


def same(store: OwnedStore) -> HistoryReport:
    """What is found alone, which is what is found together and in one piece."""
    alone = verify_history(store, together=ALONE)
    assert found(verify_history(store, together=TOGETHER)) == found(alone)
    assert found(verify_history(store, together=Together(1))) == found(alone)
    return alone


def small_commits(store: OwnedStore) -> None:
    """Accounts one by one, then two months of bills."""
    fill(store, 4)
    for number in range(8):
        store.append(batch(store, open_account(f"B-{number}")))
    Billing(store, "february").run(FEBRUARY)
    Billing(store, "march").run(MARCH)


def test_a_sound_history_in_parts(store: OwnedStore) -> None:
    small_commits(store)
    with store.proving() as database:
        parts = cut(database, 3)
    assert parts[0].previous == NOTHING
    assert parts[-1].until is None
    assert len(parts) > 3
    assert [part.until for part in parts[:-1]] == [part.previous.last for part in parts[1:]]
    assert same(store).clean


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE events SET hash = zeroblob(32) WHERE position IN (5, 12, 14, 19, 30);"
        "UPDATE number_series SET next = next + 1",
        "DELETE FROM events WHERE position IN (1, 11, 13, 24);"
        "DELETE FROM commits WHERE first = 12; UPDATE commits SET at = at + 1 WHERE first = 14",
        "UPDATE commits SET last = last + 3 WHERE first IN (11, 13)",
        "UPDATE commits SET last = 1000 WHERE first = 12",
        "UPDATE events SET position = -7 WHERE position = 2;"
        "UPDATE events SET position = 900 WHERE position = 20;"
        "UPDATE account_packages SET version = 9; DELETE FROM accounts",
        "DELETE FROM log_head; DELETE FROM commits; DELETE FROM states",
    ],
)
def test_the_same_is_found_in_a_damaged_history(store: OwnedStore, script: str) -> None:
    small_commits(store)
    by_hand(store, script)
    assert not same(store).clean


def test_nonsense_in_columns(file: OwnedStore) -> None:
    by_hand(
        file,
        "UPDATE commits SET last = 'x' WHERE first = 2;"
        "UPDATE events SET stream = 'no id' WHERE position IN (3, 14);"
        "INSERT INTO receivables VALUES ('x', 'y', 'z', 'v', 's')",
    )
    assert not same(file).clean


def test_numbers_that_leave_a_gap_go_on_behind_it_in_another_part(store: OwnedStore) -> None:
    small_commits(store)
    by_hand(store, "UPDATE number_series SET next = next - 2")
    Billing(store, "april").run(month_after(MARCH))
    by_hand(store, "UPDATE number_series SET next = next + 9")
    Billing(store, "may").run(month_after(month_after(MARCH)))
    codes = [finding.code for finding in same(store).findings]
    assert codes == ["invoice_number_gap"] * 3  # two given twice, then a gap


def test_a_numbering_set_in_the_middle(store: OwnedStore) -> None:
    small_commits(store)
    with store.snapshot() as reading:
        row = reading.get("owner", identity.owner())
    assert row is not None
    event = owner.InvoiceNumberingChanged(numbering=replace(row.state.numbering, start=9000))
    state = owner.evolve(row.state, event)
    made = batch(store, Staged("owner", identity.owner(), row.version, [event], state))
    made.number_starts = {"default": 9000}
    store.append(made)
    Billing(store, "april").run(month_after(MARCH))
    assert same(store).clean


def test_charges_that_waited_across_parts(store: OwnedStore) -> None:
    fill(store, 3)
    made = Billing(store, "e").batch(FEBRUARY)
    invoices = [change for change in made.changes if change.kind == "invoice"]
    made.changes = [change for change in made.changes if change.kind != "invoice"]
    store.append(made)
    for number in range(9):
        store.append(batch(store, open_account(f"B-{number}")))
    for invoice in invoices:
        later = batch(store, numbers=NUMBERS)
        later.changes.append(invoice)
        store.append(later)
    assert same(store).clean
    for number in range(9):
        store.append(batch(store, open_account(f"C-{number}")))
    again = batch(store, numbers=NUMBERS)
    other = identity.invoice("other", identity.account("A-1"))
    again.changes.append(Staged("invoice", other, 0, invoices[1].events, invoices[1].state))
    store.append(again)
    (finding,) = same(store).findings
    assert (finding.code, finding.position) == ("line_without_charge", store.head.position)


def test_all_read_one_snapshot_while_others_write(store: OwnedStore, url: str) -> None:
    small_commits(store)
    newest = store.head.position
    with closing(open_store(url)) as other:

        def write_meanwhile(done: int, total: int) -> None:
            other.append(batch(other, open_account(f"late-{done}-{other.head.position}")))

        report = verify_history(store, progress=write_meanwhile, together=TOGETHER)
    assert report.clean
    assert report.events == newest < store.head.position
