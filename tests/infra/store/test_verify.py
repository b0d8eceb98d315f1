"""Whatever is done to the database by hand is found and named."""

import pytest

from aggregates import identity
from aggregates.identity import text
from infra.store import chain
from infra.store.errors import StoreError
from infra.store.owned import OwnedStore
from infra.store.rows import EVENT_COLUMNS
from infra.store.verify_history import parse_head, verify_history
from tests.infra.store.build import Billing, fill
from tests.infra.store.tampering import FEBRUARY, MARCH, by_hand, codes, rows_by_hand

OWNER, ACCOUNT_0, PACKAGE_0, FIRST_BILLED = 1, 2, 3, 12
"""Positions: the owner, five accounts with their packages, then bills and invoices in turn."""


def test_untouched_history_is_clean(billed: OwnedStore) -> None:
    told: list[tuple[int, int]] = []
    report = verify_history(billed, progress=lambda done, total: told.append((done, total)))
    head = billed.head
    assert report.clean
    assert report.findings == ()
    assert report.events == head.position == 33
    assert report.head == f"33:{head.root.hex()}"
    assert told[-1] == (66, 66)


def test_empty_history_is_clean(store: OwnedStore) -> None:
    assert verify_history(store).clean


@pytest.mark.parametrize(
    "change",
    [
        "payload = cast(replace(payload, '2000', '1000') AS BLOB)",
        "payload = x'00'",
        "metadata = x'7b207d'",
        "topic = 'account_package.removed'",
        "topic = 'account_package.sold'",
        "schema_version = 2",
        "version = 9",
        "at = at + 1",
        "stream = stream || x'ff'",
        "hash = zeroblob(32)",
    ],
)
def test_a_changed_event(billed: OwnedStore, change: str) -> None:
    change_is_found(billed, change)


@pytest.mark.parametrize(
    "change",
    [
        "payload = replace(payload, '2000', '1000')",
        "payload = cast(payload AS TEXT)",
        "stream = cast(stream || 'x' AS BLOB)",
        "topic = x'00'",
        "topic = cast(x'ff' AS TEXT)",
        "version = 'two'",
        "schema_version = 'one'",
    ],
)
def test_a_column_of_another_type(file: OwnedStore, change: str) -> None:
    change_is_found(file, change)


def change_is_found(store: OwnedStore, change: str) -> None:
    by_hand(store, f"UPDATE events SET {change} WHERE position = {FIRST_BILLED}")
    (first, *_) = verify_history(store).findings
    assert (first.code, first.position) == ("event_changed", FIRST_BILLED)
    assert first.type is not None


def test_a_changed_amount_with_a_new_hash(billed: OwnedStore) -> None:
    event = billed.log(FIRST_BILLED - 1, 1)[0]
    query = f"SELECT payload, metadata, at FROM events WHERE position = {FIRST_BILLED}"
    ((payload, metadata, at),) = rows_by_hand(billed, query)
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


def test_a_removed_event(billed: OwnedStore) -> None:
    by_hand(billed, f"DELETE FROM events WHERE position = {PACKAGE_0}")
    report = verify_history(billed)
    assert (report.findings[0].code, report.findings[0].position) == ("event_missing", PACKAGE_0)
    stream = text(identity.account_package(identity.account("A-0"), "A-0/internet"))
    assert ("stream_gap", stream) in {(f.code, f.stream) for f in report.findings}


def test_a_removed_last_event_of_a_stream(billed: OwnedStore) -> None:
    stream = identity.account_package(identity.account("A-0"), "A-0/internet")
    last = billed.stream(stream)[-1]
    by_hand(billed, f"DELETE FROM events WHERE position = {last.position}")
    report = verify_history(billed)
    assert (report.findings[0].code, report.findings[0].position) == (
        "event_missing",
        last.position,
    )
    assert ("state_row_differs", text(stream)) in {(f.code, f.stream) for f in report.findings}


def test_the_removed_last_event_of_all(billed: OwnedStore) -> None:
    by_hand(billed, "DELETE FROM events WHERE position = 33")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("event_missing", 33)


def test_an_event_moved_to_another_stream(billed: OwnedStore) -> None:
    other = identity.account("A-1").hex()
    by_hand(
        billed,
        f"UPDATE events SET stream = x'{other}', version = 2 WHERE position = {FIRST_BILLED}",
    )
    report = verify_history(billed)
    assert report.findings[0].code == "event_changed"
    assert report.findings[0].stream == text(identity.account("A-1"))
    assert "event_out_of_place" in codes(report)


def test_two_swapped_events(billed: OwnedStore) -> None:
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
def test_an_inserted_event(billed: OwnedStore, position: int) -> None:
    by_hand(
        billed,
        f"INSERT INTO events ({EVENT_COLUMNS}) SELECT {position}, zeroblob(16), 1, topic, "
        f"schema_version, payload, metadata, at, hash FROM events WHERE position = {OWNER}",
    )
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("event_inserted", position)


def test_a_removed_or_changed_commit(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE commits SET at = at + 1 WHERE first = 2")
    assert verify_history(billed).findings[0].code == "commit_changed"
    by_hand(billed, "DELETE FROM commits WHERE first = 2")
    (first, *_) = verify_history(billed).findings
    assert (first.code, first.position) == ("commit_missing", 2)


@pytest.mark.parametrize(
    "change", ["root = 'x'", "last = 'x'", "at = 'x'", "root = x'00'", "last = first - 1"]
)
def test_a_commit_of_nonsense(file: OwnedStore, change: str) -> None:
    by_hand(file, f"UPDATE commits SET {change} WHERE first = 12")
    (first, *_) = verify_history(file).findings
    assert (first.code, first.position) == ("commit_changed", 12)


def test_a_removed_head(billed: OwnedStore) -> None:
    by_hand(billed, "DELETE FROM log_head")
    assert codes(verify_history(billed)) == {"head_differs"}
    with pytest.raises(StoreError, match="database_damaged"):
        _ = billed.head


def test_a_changed_head(billed: OwnedStore) -> None:
    by_hand(billed, "UPDATE log_head SET root = zeroblob(32)")
    assert codes(verify_history(billed)) == {"head_differs"}


CUT_OFF = """
    DELETE FROM events WHERE position >= 23;
    DELETE FROM commits WHERE first = 23;
    UPDATE log_head SET (position, root, at) =
        (SELECT last, root, at FROM commits ORDER BY first DESC LIMIT 1);
    UPDATE number_series SET next = next - 5;
"""


def test_the_newest_commit_cut_off_shows_against_a_noted_head(store: OwnedStore) -> None:
    fill(store, 5)
    Billing(store, "february").run(FEBRUARY)
    by_hand(store, "CREATE TABLE before AS SELECT * FROM account_packages")
    Billing(store, "march").run(MARCH)
    noted = verify_history(store).head
    by_hand(store, CUT_OFF)
    by_hand(
        store,
        "DELETE FROM account_packages; INSERT INTO account_packages SELECT * FROM before;"
        "DROP TABLE before; DELETE FROM items WHERE stream NOT IN (SELECT stream FROM events)",
    )
    assert verify_history(store).clean
    report = verify_history(store, expect=noted)
    assert codes(report) == {"history_cut_off"}
    assert report.findings[0].position == 22


def test_an_expected_head_within_history_and_another_one(billed: OwnedStore) -> None:
    query = "SELECT last, root FROM commits WHERE first = 12"
    ((last, root),) = rows_by_hand(billed, query)
    assert verify_history(billed, expect=f"{last}:{root.hex()}").clean
    assert codes(verify_history(billed, expect=f"{last}:{'0' * 64}")) == {"history_differs"}
    assert codes(verify_history(billed, expect=f"{last - 1}:{root.hex()}")) == {"history_differs"}


@pytest.mark.parametrize("written", ["", "12", "x:y", "1:00", f"x:{'0' * 64}"])
def test_what_is_not_a_head(written: str) -> None:
    with pytest.raises(ValueError, match=r"not POSITION:ROOT"):
        parse_head(written)
