"""`billstream restore finish`: from a restored database to topics that agree with it."""

from typing import NamedTuple
from uuid import uuid4

from aggregates.refusal import Refusal
from commands.message import Command
from commands.restoring import Published, finish_restore
from consumers.relay import Mark, check_anchor, starting_mark
from infra.kafka import clients, topics
from infra.kafka.history import StoredHistory, identity_of
from infra.kafka.marks import last_mark
from infra.kafka.settings import KafkaSettings
from infra.kafka.start import cluster_of
from infra.kafka.tie import tie
from infra.store.owned import OwnedStore


class Finished(NamedTuple):
    """`lost` is how many events were published and are in no database any more."""

    generation: int
    next_number: int
    lost: int
    topics: list[str]


def finish(store: OwnedStore, settings: KafkaSettings, command: Command) -> Finished:
    """Begins a new epoch, makes its topics and ties the database to them. Refused when nothing
    was restored.
    """
    admin = clients.admin(settings)
    try:
        cluster = cluster_of(admin, settings)
        known = topics.specs(settings, 1)
        relay = known[topics.RELAY]
        if relay.name not in topics.found_topics(admin, settings, [relay.name]):
            topics.create(admin, settings, [relay])
        mark = last_mark(settings)
        _check_needed(store, mark)
        published = Published(mark.position, mark.invoices, mark.generation) if mark else _NOTHING
        outcome = finish_restore(store, command, published, str(uuid4()))
        generation = identity_of(store).generation
        made = topics.create_missing(admin, settings, generation)
    finally:
        admin.close()
    tie(store, settings, cluster)
    head = store.head.position - 1
    lost = max(0, published.position - head)
    return Finished(generation, int(outcome.result["next_number"]), lost, made)


_NOTHING = Published(0, 0, 0)


def _check_needed(store: OwnedStore, mark: Mark | None) -> None:
    history = StoredHistory(store)
    if mark is None:
        return
    try:
        start = starting_mark(mark, history.identity())
        check_anchor(start, history.read(start.position, 1, 1))
    except Refusal as refusal:
        if refusal.code == "history_behind_topics":
            return
        raise
    raise Refusal(
        "nothing_restored",
        "the topics agree with this history: there is nothing to finish",
        position=mark.position,
    )
