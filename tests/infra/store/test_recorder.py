"""The library's own classes read and write our history (design decision 5)."""

from typing import cast
from uuid import UUID

import pytest
from eventsourcing.persistence import EventStore, IntegrityError, StoredEvent, Tracking

from aggregates import identity
from aggregates.account import AccountEvent, AccountRenamed, AccountState, evolve
from aggregates.refusal import Refusal
from commands.store import LARGEST_EVENT
from infra.store.mapper import DomainEvent, HistoryMapper
from infra.store.owned import OwnedStore
from infra.store.state_rows import MissingState
from infra.store.verify_history import verify_history
from schemas.stored import encode
from tests.infra.store import build
from tests.infra.store.build import batch, fill, open_account, staged

A = identity.account("A")


def test_streams_are_selected_as_the_library_does(store: OwnedStore) -> None:
    store.append(batch(store, open_account("A")))
    before = build.account_state("A")
    names = [AccountRenamed(name=f"n{n}") for n in range(3)]
    store.append(batch(store, staged("account", A, 1, *names, before=before)))
    select = store.recorder.select_events
    found = select(UUID(bytes=A))
    assert [event.originator_version for event in found] == [1, 2, 3, 4]
    assert found[1].topic == "account.renamed.v1"
    assert found[1].state == b'{"name":"n0"}'
    versions = [e.originator_version for e in select(str(UUID(bytes=A)), gt=1, lte=3, desc=True)]
    assert versions == [3, 2]
    assert len(select(UUID(bytes=A), limit=1)) == 1


def test_notifications_are_the_history_in_order(store: OwnedStore) -> None:
    fill(store, 2)
    select = store.recorder.select_notifications
    assert store.recorder.max_notification_id() == 5
    assert [note.id for note in select(None, 10)] == [1, 2, 3, 4, 5]
    assert [note.id for note in select(2, 2)] == [2, 3]
    assert [note.id for note in select(2, 9, 4, inclusive_of_start=False)] == [3, 4]
    assert [note.id for note in select(1, 9, topics=["account.opened.v1"])] == [2, 4]


def test_an_event_that_is_too_large_is_refused(store: OwnedStore) -> None:
    stored = StoredEvent(UUID(bytes=A), 1, "account.opened.v1", b"x" * (LARGEST_EVENT + 1))
    with pytest.raises(Refusal, match="event_too_large"):
        store.recorder.insert_events([stored])
    assert store.head.position == 0


def test_what_the_library_inserts_is_part_of_the_chain(store: OwnedStore) -> None:
    change = open_account("A")
    stored = StoredEvent(UUID(bytes=A), 1, "account.opened.v1", encode(change.events[0]).payload)
    tracking = Tracking("upstream", 7)
    recorder = store.recorder
    positions = recorder.insert_events([stored], changes=[change], tracking=tracking)
    assert list(positions or ()) == [1]
    assert recorder.max_tracking_id("upstream") == 7
    with store.snapshot() as reading:
        assert reading.get("account", A) is not None
    assert verify_history(store).findings == ()
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored], changes=[change])
    again = open_account("B")
    twice = StoredEvent(
        UUID(bytes=again.stream), 1, "account.opened.v1", encode(again.events[0]).payload
    )
    with pytest.raises(IntegrityError):
        recorder.insert_events([twice], changes=[again], tracking=tracking)
    assert not store.exists(again.stream)


def test_a_stream_with_state_row_is_refused_without_its_state(store: OwnedStore) -> None:
    stored = StoredEvent(UUID(bytes=A), 1, "account.opened.v1", b"{}")
    with pytest.raises(MissingState):
        store.recorder.insert_events([stored])
    assert store.head.position == 0


def test_the_library_loads_an_aggregate_from_our_history(store: OwnedStore) -> None:
    store.append(batch(store, open_account("A")))
    before = build.account_state("A")
    renamed = AccountRenamed(name="new")
    store.append(batch(store, staged("account", A, 1, renamed, before=before)))
    events = EventStore(HistoryMapper(), store.recorder)
    found = [cast(DomainEvent, event) for event in events.get(UUID(bytes=A))]
    state: AccountState | None = None
    for event in found:
        state = evolve(state, cast(AccountEvent, event.fact))
    with store.snapshot() as reading:
        row = reading.get("account", A)
    assert row is not None
    assert state == row.state
    assert found[-1].originator_version == row.version


def test_the_mapper_stores_names_not_modules() -> None:
    event = DomainEvent(UUID(bytes=A), 2, AccountRenamed(name="new"))
    mapper = HistoryMapper()
    stored = mapper.to_stored_event(event)
    assert (stored.topic, stored.state) == ("account.renamed.v1", b'{"name":"new"}')
    assert mapper.to_domain_event(stored) == event
