"""Whatever is done by hand to what is kept beside history, and what never should be in it."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from aggregates import identity, owner
from aggregates.identity import text
from commands.store import Staged
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.store.verify_history import verify_history
from tests.infra.store.build import NUMBERS, Billing, batch, fill, month_after, open_account
from tests.infra.store.tampering import FEBRUARY, MARCH, by_hand, codes


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE account_packages SET next_bill_date = '2021-01-01' WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET state = cast(replace(state, '2020-04', '2020-05') AS BLOB) "
        "WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET version = 9 WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET live = 0 WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET state = x'78' WHERE ref = 'A-0/internet'",
        "DELETE FROM account_packages WHERE ref = 'A-0/internet'",
    ],
)
def test_a_changed_state_row(billed: OwnedStore, change: str) -> None:
    by_hand(billed, change)
    (finding,) = verify_history(billed).findings
    assert finding.code == "state_row_differs"
    assert finding.stream == text(identity.account_package(identity.account("A-0"), "A-0/internet"))


def test_changed_rows_of_other_kinds(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE accounts SET bill_group = 'x'; UPDATE states SET key = 'x';")
    report = verify_history(billed)
    assert codes(report) == {"state_row_differs"}
    assert report.found == 6


def test_a_state_row_of_nonsense(file: OwnedStore) -> None:
    by_hand(file, "INSERT INTO receivables VALUES ('x', 'y', 'z', 'v', 's')")
    assert codes(verify_history(file)) == {"state_row_without_events"}


@pytest.mark.parametrize("stream", [bytes(16), b"\xff" * 16])
def test_a_state_row_without_events(billed: OwnedStore, stream: bytes) -> None:
    by_hand(billed, f"INSERT INTO receivables VALUES (x'{stream.hex()}', x'00', 0, 1, x'7b7d')")
    (finding,) = verify_history(billed).findings
    assert (finding.code, finding.stream) == ("state_row_without_events", text(stream))


def test_a_gap_in_invoice_numbers(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE number_series SET next = next + 1")
    (finding,) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    committed = Billing(billed, "april").run(month_after(MARCH))
    (finding,) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    assert finding.position == committed.first_position + 1
    assert "INV-007865" in finding.sentence


def test_a_number_given_twice(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE number_series SET next = next - 2")
    Billing(billed, "april").run(month_after(MARCH))
    (finding, *_) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    assert "twice" in finding.sentence


def test_a_new_start_is_no_gap(billed: OwnedStore) -> None:
    with billed.snapshot() as reading:
        row = reading.get("owner", identity.owner())
    assert row is not None
    numbering = replace(row.state.numbering, start=9000)
    event = owner.InvoiceNumberingChanged(numbering=numbering)
    state = owner.evolve(row.state, event)
    made = batch(billed, Staged("owner", identity.owner(), row.version, [event], state))
    made.number_starts = {"default": 9000}
    billed.append(made)
    assert Billing(billed, "april").run(month_after(MARCH)).first_number == 9000
    assert verify_history(billed).findings == ()


def test_an_invoice_line_without_charge(store: OwnedStore) -> None:
    fill(store, 2)
    made = Billing(store, "e").batch(FEBRUARY)
    made.changes = [change for change in made.changes if change.kind != "account_package"]
    store.append(made)
    assert codes(verify_history(store)) == {"line_without_charge"}


def test_a_charge_on_two_invoices(store: OwnedStore) -> None:
    fill(store, 1)
    billing = Billing(store, "e")
    made = billing.batch(FEBRUARY)
    (invoice,) = [change for change in made.changes if change.kind == "invoice"]
    store.append(made)
    again = batch(store, numbers=NUMBERS)
    other = identity.invoice("other", identity.account("A-0"))
    again.changes.append(Staged("invoice", other, 0, invoice.events, invoice.state))
    store.append(again)
    (finding,) = verify_history(store).findings
    assert finding.code == "line_without_charge"
    assert "INV-007855" in finding.sentence


def test_a_charge_that_waited_is_invoiced_later(store: OwnedStore) -> None:
    fill(store, 1)
    made = Billing(store, "e").batch(FEBRUARY)
    (invoice,) = [change for change in made.changes if change.kind == "invoice"]
    made.changes.remove(invoice)
    store.append(made)
    assert verify_history(store).clean
    later = batch(store, numbers=NUMBERS)
    later.changes.append(invoice)
    store.append(later)
    assert verify_history(store).clean


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"net": 1999, "total": 1999}, "invoice_total_wrong"),
        ({"total": 1}, "invoice_total_wrong"),
        ({"line_count": 2}, "invoice_lines_missing"),
        ({"number": "INV-1", "sequence": 7854}, "invoice_number_wrong"),
    ],
)
def test_an_invoice_that_does_not_add_up(
    store: OwnedStore, change: dict[str, object], code: str
) -> None:
    fill(store, 1)
    made = Billing(store, "e").batch(FEBRUARY)
    made.changes = made.changes[:2]
    made.changes[1].events = [replace(made.changes[1].events[0], **change)]
    store.append(made)
    assert code in codes(verify_history(store))


def test_a_cycle_billed_twice(store: OwnedStore) -> None:
    fill(store, 1)
    first = Billing(store, "e").batch(FEBRUARY)
    store.append(first)
    second = Billing(store, "f").batch(MARCH)
    (package, *_) = second.changes
    package.events = first.changes[0].events
    second.changes = [package]
    store.append(second)
    assert "billed_out_of_turn" in codes(verify_history(store))


def test_findings_are_counted_beyond_those_kept(billed: OwnedStore) -> None:
    fill_more = batch(billed, *(open_account(f"B-{n}") for n in range(150)))
    billed.append(fill_more)
    by_hand(billed, "UPDATE events SET at = 0 WHERE topic = 'account.opened'")
    report = verify_history(billed)
    assert len(report.findings) == 100
    assert report.found == 155


def test_verify_reads_a_history_that_others_write(billed: OwnedStore, url: str) -> None:
    with closing(open_store(url)) as other:

        def write_meanwhile(done: int, total: int) -> None:
            if done == 33:
                other.append(batch(other, open_account("late")))

        assert verify_history(billed, progress=write_meanwhile).clean
    assert billed.head.position == 34
