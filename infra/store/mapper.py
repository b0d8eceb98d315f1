"""Our events for the library's EventStore and Repository (design decision 5)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from aggregates.event import Event
from infra.store.library import library_topic, split_topic
from schemas.stored import decode, encode


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """A fact of ours in the library's envelope."""

    originator_id: UUID
    originator_version: int
    fact: Event


class HistoryMapper(Mapper[UUID]):
    """Explicit names and versions instead of module paths; upcasts while reading."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        assert isinstance(domain_event, DomainEvent)
        name, version, payload = encode(domain_event.fact)
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            library_topic(name, version),
            payload,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The DomainEvent behind a stored one, its fact of the newest version."""
        name, version = split_topic(stored_event.topic)
        fact = decode(name, version, stored_event.state)
        id = stored_event.originator_id
        stream = id if isinstance(id, UUID) else UUID(id)
        return DomainEvent(stream, stored_event.originator_version, fact)
