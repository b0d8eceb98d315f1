"""A batch of which pieces are made ready before it: written as one, like any other."""

import pytest

from aggregates import identity
from aggregates.account import AccountRenamed
from commands.store import Batch, Conflict, Metadata, Store
from infra.store.owned import OwnedStore
from infra.store.verify_history import verify_history
from tests.infra.store import build
from tests.infra.store.build import (
    FIRST_BILL_DATE,
    Billing,
    add_package,
    batch,
    open_account,
    read_at,
    staged,
)

A = identity.account("A")


def in_pieces(store: Store, made: Batch, size: int) -> Batch:
    """The same batch, all of it but its last change made ready in pieces."""
    pieces = store.pieces(made.numbers)
    for first in range(0, len(made.changes) - 1, size):
        pieces.add(made.changes[first : min(first + size, len(made.changes) - 1)])
    made.changes, made.pieces = made.changes[-1:], pieces
    return made


@pytest.mark.parametrize("size", [1, 3, 100])
def test_pieces_and_what_comes_with_the_batch_are_one_commit_with_gapless_numbers(
    store: OwnedStore, size: int
) -> None:
    """More than a server is given row by row, too."""
    numbers = [f"A-{n}" for n in range(20)]
    store.append(batch(store, *map(open_account, numbers)))
    store.append(batch(store, *(add_package(number, f"{number}/p") for number in numbers)))
    before = read_at(store)
    committed = store.append(in_pieces(store, Billing(store, "e").batch(FIRST_BILL_DATE), size))
    assert (committed.first_position, committed.head.position) == (before + 1, before + 41)
    assert (committed.first_number, committed.last_number) == (7854, 7873)
    found = store.log(before, 100)
    generated = [one.event for one in found if one.type == "invoice.generated"]
    assert [event.sequence for event in generated] == list(range(7854, 7874))
    assert found[-1].event.last_number == 7873
    with store.snapshot() as reading:
        due = reading.due_packages_in(b"", b"", [build.GROUP], FIRST_BILL_DATE)
        (invoice,) = reading.items_of("invoice", [identity.account("A-3")])[identity.account("A-3")]
    assert due == []
    assert invoice.state.number in [event.number for event in generated]
    assert verify_history(store).clean


def test_a_stream_in_two_pieces_is_refused_and_nothing_is_written(store: Store) -> None:
    pieces = store.pieces(())
    pieces.add([open_account("A")])
    with pytest.raises(ValueError, match="staged twice"):
        pieces.add([open_account("B"), open_account("A")])
    assert store.log(0, 10) == []


def test_a_piece_that_another_writer_was_first_with_is_a_conflict(store: Store) -> None:
    made = batch(store, open_account("A"), open_account("B"))
    store.append(batch(store, open_account("A")))
    with pytest.raises(Conflict):
        store.append(in_pieces(store, made, 1))
    assert not store.exists(identity.account("B"))


def test_what_a_piece_writes_itself_has_not_changed_since_it_was_read(store: Store) -> None:
    """An account that is suspended by the run that read it, while somebody wrote elsewhere."""
    store.append(batch(store, open_account("A"), open_account("B")))
    read, before = read_at(store), build.account_state("A")
    renamed = staged("account", A, 1, AccountRenamed(name="new"), before=before)
    store.append(batch(store, open_account("C")))
    made = Batch(Metadata(), read, [renamed, open_account("D")], reads=[("account", A, 1)])
    store.append(in_pieces(store, made, 1))
    with store.snapshot() as reading:
        found = reading.get("account", A)
    assert found is not None
    assert (found.version, found.state.name) == (2, "new")
