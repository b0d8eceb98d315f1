"""Whatever is done to the file by hand is found and named."""

import sqlite3
from datetime import date

import pytest
from msgspec.structs import replace

from aggregates import identity, owner
from aggregates.identity import text
from commands.store import Staged
from infra.store import chain
from infra.store.errors import StoreError
from infra.store.open import open_store
from infra.store.sqlite import SqliteStore
from infra.store.verify_history import HistoryReport, parse_head, verify_history
from tests.infra.store.build import NUMBERS, Billing, batch, fill, month_after, open_account

FEBRUARY, MARCH = date(2020, 2, 1), date(2020, 3, 1)
OWNER, ACCOUNT_0, PACKAGE_0, FIRST_BILLED = 1, 2, 3, 12
"""Positions: the owner, five accounts with their packages, then bills and invoices in turn."""


@pytest.fixture
def billed(store: SqliteStore) -> SqliteStore:
    """Five accounts, billed for two months."""
    fill(store, 5)
    Billing(store, "february").run(FEBRUARY)
    Billing(store, "march").run(MARCH)
    return store


def by_hand(store: SqliteStore, script: str) -> None:
    """What somebody with the sqlite3 tool can do."""
    tool = sqlite3.connect(store.path)
    tool.executescript(script)
    tool.close()


def codes(report: HistoryReport) -> set[str]:
    return {finding.code for finding in report.findings}


def test_untouched_history_is_clean(billed: SqliteStore) -> None:
    told: list[tuple[int, int]] = []
    report = verify_history(billed, progress=lambda done, total: told.append((done, total)))
    head = billed.head
    assert report.clean
    assert report.findings == ()
    assert report.events == head.position == 33
    assert report.head == f"33:{head.root.hex()}"
    assert told[-1] == (66, 66)


def test_empty_history_is_clean(store: SqliteStore) -> None:
    assert verify_history(store).clean


@pytest.mark.parametrize(
    "change",
    [
        "payload = replace(payload, '2000', '1000')",
        "payload = cast(replace(payload, '2000', '1000') AS BLOB)",
        "payload = cast(payload AS TEXT)",
        "payload = x'00'",
        "metadata = x'7b207d'",
        "topic = 'account_package.removed'",
        "topic = 'account_package.sold'",
        "schema_version = 2",
        "version = 9",
        "at = at + 1",
        "stream = stream || x'ff'",
        "stream = cast(stream || 'x' AS BLOB)",
        "topic = x'00'",
        "topic = cast(x'ff' AS TEXT)",
        "version = 'two'",
        "schema_version = 'one'",
        "hash = zeroblob(32)",
    ],
)
def test_a_changed_event(billed: SqliteStore, change: str) -> None:
    by_hand(billed, f"UPDATE events SET {change} WHERE position = {FIRST_BILLED}")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("event_changed", FIRST_BILLED)
    assert first.type is not None


def test_a_changed_amount_with_a_new_hash(billed: SqliteStore) -> None:
    event = billed.log(FIRST_BILLED - 1, 1)[0]
    query = f"SELECT payload, metadata, at FROM events WHERE position = {FIRST_BILLED}"
    payload, metadata, at = billed.connection().execute(query).fetchone()
    changed = payload.replace(b"2000", b"1000")
    hashed = chain.event_hash(
        event.position,
        event.stream,
        event.version,
        chain.middle(event.type, 1),
        changed,
        chain.tail(metadata, at),
    )
    by_hand(
        billed,
        f"UPDATE events SET payload = x'{changed.hex()}', hash = x'{hashed.hex()}' "
        f"WHERE position = {FIRST_BILLED}",
    )
    report = verify_history(billed)
    assert report.findings[0][:1] == ("commit_changed",)
    assert report.findings[0].position == FIRST_BILLED
    assert "line_without_charge" in codes(report)


def test_a_removed_event(billed: SqliteStore) -> None:
    by_hand(billed, f"DELETE FROM events WHERE position = {PACKAGE_0}")
    report = verify_history(billed)
    assert (report.findings[0].code, report.findings[0].position) == ("event_missing", PACKAGE_0)
    stream = text(identity.account_package(identity.account("A-0"), "A-0/internet"))
    assert ("stream_gap", stream) in {(f.code, f.stream) for f in report.findings}


def test_a_removed_last_event_of_a_stream(billed: SqliteStore) -> None:
    stream = identity.account_package(identity.account("A-0"), "A-0/internet")
    last = billed.stream(stream)[-1]
    by_hand(billed, f"DELETE FROM events WHERE position = {last.position}")
    report = verify_history(billed)
    assert (report.findings[0].code, report.findings[0].position) == (
        "event_missing",
        last.position,
    )
    assert ("state_row_differs", text(stream)) in {(f.code, f.stream) for f in report.findings}


def test_the_removed_last_event_of_all(billed: SqliteStore) -> None:
    by_hand(billed, "DELETE FROM events WHERE position = 33")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("event_missing", 33)


def test_an_event_moved_to_another_stream(billed: SqliteStore) -> None:
    other = identity.account("A-1").hex()
    by_hand(
        billed,
        f"UPDATE events SET stream = x'{other}', version = 2 WHERE position = {FIRST_BILLED}",
    )
    report = verify_history(billed)
    assert report.findings[0].code == "event_changed"
    assert report.findings[0].stream == text(identity.account("A-1"))
    assert "event_out_of_place" in codes(report)


def test_two_swapped_events(billed: SqliteStore) -> None:
    by_hand(
        billed,
        "UPDATE events SET position = -1 WHERE position = 12;"
        "UPDATE events SET position = 12 WHERE position = 14;"
        "UPDATE events SET position = 14 WHERE position = -1;",
    )
    report = verify_history(billed)
    assert [(f.code, f.position) for f in report.findings[:2]] == [
        ("event_changed", 12),
        ("event_changed", 14),
    ]


@pytest.mark.parametrize("position", [34, 40, 0, -3])
def test_an_inserted_event(billed: SqliteStore, position: int) -> None:
    by_hand(
        billed,
        f"INSERT INTO events SELECT {position}, zeroblob(16), 1, topic, schema_version, payload, "
        f"metadata, at, hash FROM events WHERE position = {OWNER}",
    )
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("event_inserted", position)


def test_a_removed_or_changed_commit(billed: SqliteStore) -> None:
    by_hand(billed, "UPDATE commits SET at = at + 1 WHERE first = 2")
    assert verify_history(billed).findings[0].code == "commit_changed"
    by_hand(billed, "DELETE FROM commits WHERE first = 2")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("commit_missing", 2)


@pytest.mark.parametrize("change", ["root = 'x'", "last = 'x'", "at = 'x'", "root = x'00'"])
def test_a_commit_of_nonsense(billed: SqliteStore, change: str) -> None:
    by_hand(billed, f"UPDATE commits SET {change} WHERE first = 12")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("commit_changed", 12)


def test_a_removed_head(billed: SqliteStore) -> None:
    by_hand(billed, "DELETE FROM log_head")
    assert codes(verify_history(billed)) == {"head_differs"}
    with pytest.raises(StoreError, match="database_damaged"):
        _ = billed.head


def test_a_changed_head(billed: SqliteStore) -> None:
    by_hand(billed, "UPDATE log_head SET root = zeroblob(32)")
    assert codes(verify_history(billed)) == {"head_differs"}


CUT_OFF = """
    DELETE FROM events WHERE position >= 23;
    DELETE FROM commits WHERE first = 23;
    UPDATE log_head SET (position, root, at) =
        (SELECT last, root, at FROM commits ORDER BY first DESC LIMIT 1);
    UPDATE number_series SET next = next - 5;
"""


def test_the_newest_commit_cut_off_shows_against_a_noted_head(store: SqliteStore) -> None:
    fill(store, 5)
    Billing(store, "february").run(FEBRUARY)
    rows = store.connection().execute("SELECT * FROM account_packages").fetchall()
    Billing(store, "march").run(MARCH)
    noted = verify_history(store).head
    by_hand(store, CUT_OFF)
    store.connection().execute("DELETE FROM account_packages")
    marks = ",".join("?" * len(rows[0]))
    store.connection().executemany(f"INSERT INTO account_packages VALUES ({marks})", rows)
    assert verify_history(store).clean
    report = verify_history(store, expect=noted)
    assert codes(report) == {"history_cut_off"}
    assert report.findings[0].position == 22


def test_an_expected_head_within_history_and_another_one(billed: SqliteStore) -> None:
    query = "SELECT last, root FROM commits WHERE first = 12"
    last, root = billed.connection().execute(query).fetchone()
    assert verify_history(billed, expect=f"{last}:{root.hex()}").clean
    assert codes(verify_history(billed, expect=f"{last}:{'0' * 64}")) == {"history_differs"}
    assert codes(verify_history(billed, expect=f"{last - 1}:{root.hex()}")) == {"history_differs"}


@pytest.mark.parametrize("written", ["", "12", "x:y", "1:00", f"x:{'0' * 64}"])
def test_what_is_not_a_head(written: str) -> None:
    with pytest.raises(ValueError, match=r"not POSITION:ROOT"):
        parse_head(written)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE account_packages SET next_bill_date = '2021-01-01' WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET state = cast(replace(state, '2020-04', '2020-05') AS BLOB) "
        "WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET version = 9 WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET live = 0 WHERE ref = 'A-0/internet'",
        "UPDATE account_packages SET state = 'x' WHERE ref = 'A-0/internet'",
        "DELETE FROM account_packages WHERE ref = 'A-0/internet'",
    ],
)
def test_a_changed_state_row(billed: SqliteStore, change: str) -> None:
    by_hand(billed, change)
    (finding,) = verify_history(billed).findings
    assert finding.code == "state_row_differs"
    assert finding.stream == text(identity.account_package(identity.account("A-0"), "A-0/internet"))


def test_changed_rows_of_other_kinds(billed: SqliteStore) -> None:
    by_hand(billed, "UPDATE accounts SET bill_group = 'x'; UPDATE states SET key = 'x';")
    report = verify_history(billed)
    assert codes(report) == {"state_row_differs"}
    assert report.found == 6


def test_a_state_row_of_nonsense(billed: SqliteStore) -> None:
    by_hand(billed, "INSERT INTO receivables VALUES ('x', 'y', 'z', 'v', 's')")
    assert codes(verify_history(billed)) == {"state_row_without_events"}


@pytest.mark.parametrize("stream", [bytes(16), b"\xff" * 16])
def test_a_state_row_without_events(billed: SqliteStore, stream: bytes) -> None:
    by_hand(billed, f"INSERT INTO receivables VALUES (x'{stream.hex()}', x'00', 0, 1, x'7b7d')")
    (finding,) = verify_history(billed).findings
    assert (finding.code, finding.stream) == ("state_row_without_events", text(stream))


def test_a_gap_in_invoice_numbers(billed: SqliteStore) -> None:
    by_hand(billed, "UPDATE number_series SET next = next + 1")
    (finding,) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    committed = Billing(billed, "april").run(month_after(MARCH))
    (finding,) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    assert finding.position == committed.first_position + 1
    assert "INV-007865" in finding.sentence


def test_a_number_given_twice(billed: SqliteStore) -> None:
    by_hand(billed, "UPDATE number_series SET next = next - 2")
    Billing(billed, "april").run(month_after(MARCH))
    (finding, *_) = verify_history(billed).findings
    assert finding.code == "invoice_number_gap"
    assert "twice" in finding.sentence


def test_a_new_start_is_no_gap(billed: SqliteStore) -> None:
    with billed.snapshot() as reading:
        row = reading.get("owner", identity.owner())
    assert row is not None
    numbering = replace(row.state.numbering, start=9000)
    event = owner.InvoiceNumberingChanged(numbering=numbering)
    state = owner.evolve(row.state, event)
    made = batch(billed, Staged("owner", identity.owner(), row.version, [event], state))
    made.number_start = 9000
    billed.append(made)
    assert Billing(billed, "april").run(month_after(MARCH)).first_number == 9000
    assert verify_history(billed).findings == ()


def test_an_invoice_line_without_charge(store: SqliteStore) -> None:
    fill(store, 2)
    made = Billing(store, "e").batch(FEBRUARY)
    made.changes = [change for change in made.changes if change.kind != "account_package"]
    store.append(made)
    assert codes(verify_history(store)) == {"line_without_charge"}


def test_a_charge_on_two_invoices(store: SqliteStore) -> None:
    fill(store, 1)
    billing = Billing(store, "e")
    made = billing.batch(FEBRUARY)
    (invoice,) = [change for change in made.changes if change.kind == "invoice"]
    store.append(made)
    again = batch(store, numbers=NUMBERS)
    other = identity.invoice("other", identity.account("A-0"))
    again.changes.append(Staged("invoice", other, 0, invoice.events))
    store.append(again)
    (finding,) = verify_history(store).findings
    assert finding.code == "line_without_charge"
    assert "INV-007855" in finding.sentence


def test_a_charge_that_waited_is_invoiced_later(store: SqliteStore) -> None:
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
    store: SqliteStore, change: dict[str, object], code: str
) -> None:
    fill(store, 1)
    made = Billing(store, "e").batch(FEBRUARY)
    made.changes = made.changes[:2]
    made.changes[1].events = [replace(made.changes[1].events[0], **change)]
    store.append(made)
    assert code in codes(verify_history(store))


def test_a_cycle_billed_twice(store: SqliteStore) -> None:
    fill(store, 1)
    first = Billing(store, "e").batch(FEBRUARY)
    store.append(first)
    second = Billing(store, "f").batch(MARCH)
    (package, *_) = second.changes
    package.events = first.changes[0].events
    second.changes = [package]
    store.append(second)
    assert "billed_out_of_turn" in codes(verify_history(store))


def test_findings_are_counted_beyond_those_kept(billed: SqliteStore) -> None:
    fill_more = batch(billed, *(open_account(f"B-{n}") for n in range(150)))
    billed.append(fill_more)
    by_hand(billed, "UPDATE events SET at = 0 WHERE topic = 'account.opened'")
    report = verify_history(billed)
    assert len(report.findings) == 100
    assert report.found == 155


def test_verify_reads_a_file_that_others_write(billed: SqliteStore) -> None:
    with open_store(f"sqlite:///{billed.path}") as other:

        def write_meanwhile(done: int, total: int) -> None:
            if done == 33:
                other.append(batch(other, open_account("late")))

        assert verify_history(billed, progress=write_meanwhile).clean
    assert billed.head.position == 34
