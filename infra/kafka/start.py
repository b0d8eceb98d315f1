"""What every role does before it touches Kafka: the right cluster, the right topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consumers.relay import starting_mark
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
        cluster, is_tied = cluster_of(admin, settings), store.fact(PREFIX) is not None
        if is_tied:
            check_tie(store, settings, cluster)
        topics.check(admin, settings, [known[topic] for topic in wanted])
        if not is_tied:
            if topics.RELAY in wanted:
                starting_mark(last_mark(settings), identity)  # refuses another history's prefix
            check_tie(store, settings, cluster)
    finally:
        admin.close()
    return topics.topic_names(settings.topic_prefix, generation)


def cluster_of(admin: "KafkaAdminClient", settings: KafkaSettings) -> str:
    """The id of the cluster."""
    with translated(settings):
        return str(admin.describe_cluster()["cluster_id"])
