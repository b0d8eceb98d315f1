"""What the tests of Kafka share: settings of a test's own broker, topics, plain readers."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from infra.kafka import clients, topics
from infra.kafka.settings import KafkaSettings, kafka_settings
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from schemas.headers import EventHeaders, read_event
from schemas.topics import EVENT_TOPICS
from tests.support import seed
from tests.support.servers import SecureKafka


class Broker(Protocol):
    """What every fixture of a broker has."""

    @property
    def bootstrap_servers(self) -> str: ...

    @property
    def prefix(self) -> str: ...


def settings_of(broker: Broker, **more: Any) -> KafkaSettings:
    """Three partitions are enough to see that keys stay together."""
    given = {
        "kafka_bootstrap_servers": broker.bootstrap_servers,
        "topic_prefix": broker.prefix,
        "kafka_partitions": 3,
    }
    return kafka_settings(**{**given, **more})


def secured_settings(kafka: SecureKafka, user: str, **more: Any) -> KafkaSettings:
    """The same for a user of the secured broker."""
    given = {
        "topic_prefix": kafka.prefix,
        "kafka_bootstrap_servers": kafka.bootstrap_servers,
        "kafka_partitions": 3,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_sasl_username": user,
        "kafka_sasl_password": kafka.users[user],
        "kafka_ssl_cafile": str(kafka.ca),
    }
    return kafka_settings(**{**given, **more})


def make_topics(settings: KafkaSettings, generation: int = 1) -> None:
    admin = clients.admin(settings)
    try:
        topics.create(admin, settings, topics.specs(settings, generation).values())
    finally:
        admin.close()


def seeded(folder: Path, accounts: int = 3) -> OwnedStore:
    """A history with setup and accounts."""
    store = open_store(f"sqlite:///{folder / 'billstream.db'}", create=True)
    seed.set_up(store)
    seed.add_accounts(store, accounts)
    return store


def read_all(settings: KafkaSettings, names: Iterable[str]) -> list[Any]:
    """Every committed record of topics, as a plain reader of kafka-python sees them."""
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        partitions = [
            TopicPartition(name, partition)
            for name in names
            for partition in sorted(consumer.partitions_for_topic(name) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        records: list[Any] = []
        while any(consumer.position(one) < ends[one] for one in partitions):
            for some in consumer.poll(timeout_ms=1000).values():
                records.extend(some)
        return records
    finally:
        consumer.close()


def event_topics(settings: KafkaSettings, generation: int = 1) -> list[str]:
    called = topics.topic_names(settings.topic_prefix, generation)
    return [called[topic] for topic in EVENT_TOPICS]


def published(settings: KafkaSettings, generation: int = 1) -> list[EventHeaders]:
    """The headers of every event that is out, by position."""
    records = read_all(settings, event_topics(settings, generation))
    return sorted((read_event(one.headers) for one in records), key=lambda one: one.position)


def drain(step: Callable[[], bool]) -> None:
    """Lets a role work until nothing is left."""
    while step():
        pass


def positions(store: OwnedStore) -> list[int]:
    """Of every event that goes out on a topic of events."""
    every = store.log(0, 1_000_000)
    return [one.position for one in every if not one.type.startswith("command.")]
