"""What every role does before it touches Kafka: the right cluster, the right topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consumers.relay import Identity, starting_mark
from infra.kafka import clients, topics
from infra.kafka.clients import translated
from infra.kafka.history import identity_of
from infra.kafka.marks import last_mark
from infra.kafka.settings import KafkaSettings
from infra.kafka.tie import PREFIX, check_tie
from infra.store.owned import OwnedStore

if TYPE_CHECKING:
    from kafka import KafkaAdminClient


def begin(store: OwnedStore, settings: KafkaSettings, wanted: Sequence[str]) -> dict[str, str]:
    """Checks that history, prefix and cluster belong together and that the topics wanted, named
    without prefix, can be used. What each topic is called, in the generation of this history.
    """
    identity = identity_of(store)
    generation = identity.generation
    known = topics.specs(settings, generation)
    admin = clients.admin(settings)
    try:
        if topics.RELAY in wanted and store.fact(PREFIX) is None:
            refuse_others(admin, settings, identity)
        check_tie(store, settings, cluster_of(admin, settings))
        topics.check(admin, settings, [known[topic] for topic in wanted])
    finally:
        admin.close()
    return topics.topic_names(settings.topic_prefix, generation)


def refuse_others(admin: "KafkaAdminClient", settings: KafkaSettings, mine: Identity) -> None:
    """Refuses a prefix under which another history is published, before this one is tied to it."""
    relay = topics.specs(settings, mine.generation)[topics.RELAY].name
    if topics.found_topics(admin, settings, [relay]):
        starting_mark(last_mark(settings), mine)


def cluster_of(admin: "KafkaAdminClient", settings: KafkaSettings) -> str:
    """The id of the cluster."""
    with translated(settings):
        return str(admin.describe_cluster()["cluster_id"])
