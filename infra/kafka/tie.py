"""An owner's history, its prefix and its cluster belong together from the first start on
(design decision 31): another one by mistake is refused before anything is read or written.
"""

from aggregates.refusal import Refusal
from infra.kafka.settings import KafkaSettings
from infra.store.owned import OwnedStore

PREFIX = "topic_prefix"
CLUSTER = "kafka_cluster"


def check_tie(store: OwnedStore, settings: KafkaSettings, cluster: str) -> None:
    """Ties them at the first start; later, refuses others."""
    prefix, before = settings.topic_prefix, store.fact(PREFIX)
    if before is None:
        tie(store, settings, cluster)
        return
    if before != prefix:
        raise Refusal(
            "topic_prefix_changed",
            f"this history is published under the prefix {before!r}, not {prefix!r}: set "
            f"BILLSTREAM_TOPIC_PREFIX={before}",
            prefix=prefix,
            expected=before,
        )
    known = store.fact(CLUSTER)
    if known != cluster:
        raise Refusal(
            "kafka_cluster_changed",
            f"this history was published to the Kafka cluster {known}, this one is {cluster}: set "
            "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS to the former, or move here with "
            "`billstream restore finish`",
            cluster=cluster,
            expected=known,
        )


def tie(store: OwnedStore, settings: KafkaSettings, cluster: str) -> None:
    """From now on they belong together."""
    store.keep_fact(CLUSTER, cluster)
    store.keep_fact(PREFIX, settings.topic_prefix)
