"""What every role does before it touches Kafka: the right cluster, the right topics."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.kafka import clients, topics
from infra.kafka.clients import translated
from infra.kafka.history import identity_of
from infra.kafka.settings import KafkaSettings
from infra.kafka.tie import check_tie
from infra.store.owned import OwnedStore

if TYPE_CHECKING:
    from kafka import KafkaAdminClient


def begin(store: OwnedStore, settings: KafkaSettings, wanted: Iterable[str]) -> dict[str, str]:
    """Checks that history, prefix and cluster belong together and that the topics wanted, named
    without prefix, can be used. What each topic is called, in the generation of this history.
    """
    generation = identity_of(store).generation
    known = topics.specs(settings, generation)
    admin = clients.admin(settings)
    try:
        check_tie(store, settings, cluster_of(admin, settings))
        topics.check(admin, settings, [known[topic] for topic in wanted])
    finally:
        admin.close()
    return topics.topic_names(settings.topic_prefix, generation)


def cluster_of(admin: "KafkaAdminClient", settings: KafkaSettings) -> str:
    """The id of the cluster."""
    with translated(settings):
        return str(admin.describe_cluster()["cluster_id"])
