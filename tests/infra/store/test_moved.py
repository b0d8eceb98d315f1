"""Accounts that moved under another invoicer, as a chunk asks for them: both stores."""

import pytest

from aggregates import identity
from aggregates.account import InvoicerChanged
from commands.store import Store
from tests.infra.store import build
from tests.infra.store.build import batch, open_account, staged

A, C = (identity.account(number) for number in ("A", "C"))


@pytest.mark.parametrize("others", [0, 5])
def test_who_moved_among_some(store: Store, others: int) -> None:
    """Few moves are all looked at; of many, only those of the accounts asked for."""
    numbers = ["A", "B", *(f"O-{n}" for n in range(others))]
    store.append(batch(store, *map(open_account, ["C", *numbers])))
    moved = InvoicerChanged(invoicer="C", previous="P")
    opened = build.read_at(store)
    for number in numbers:
        before = build.account_state(number)
        stream = identity.account(number)
        store.append(batch(store, staged("account", stream, 1, moved, before=before)))
    last = build.read_at(store)
    asked = [A, C, identity.account(numbers[-1])]
    with store.snapshot() as now, store.as_of(opened) as then:
        for reading in (now, then):
            assert reading.moved_among(asked, opened) == {A, asked[-1]}
            assert reading.moved_among(asked, last - 1) == {asked[-1]}
            assert reading.moved_among(asked, last) == set()
            assert reading.moved_among([], opened) == set()
