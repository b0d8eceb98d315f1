"""A seeded history on real servers, with its topics."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from infra.kafka import clients, topics
from infra.kafka.settings import kafka_settings
from tests.kafka_work.processes import Fleet, fleet
from tests.support.servers import KafkaServer, OwnKafka


def environment(database: str, bootstrap: str, prefix: str) -> dict[str, str]:
    """What every process of a test is told."""
    return {
        "BILLSTREAM_DATABASE_URL": database,
        "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "BILLSTREAM_TOPIC_PREFIX": prefix,
        "PYTHONWARNINGS": "ignore",
    }


def make_topics(bootstrap: str, prefix: str) -> None:
    settings = kafka_settings(kafka_bootstrap_servers=bootstrap, topic_prefix=prefix)
    with closing(clients.admin(settings)) as admin:
        topics.create(admin, settings, topics.specs(settings, 1).values())


@pytest.fixture
def owner(postgres_url: str, kafka: KafkaServer, tmp_path: Path) -> Generator[Fleet]:
    """Processes over PostgreSQL and Kafka, with topics of their own."""
    make_topics(kafka.bootstrap_servers, kafka.prefix)
    told = environment(postgres_url, kafka.bootstrap_servers, kafka.prefix)
    with fleet(told, tmp_path) as found:
        yield found


@pytest.fixture
def own_owner(postgres_url: str, own_kafka: OwnKafka, tmp_path: Path) -> Generator[Fleet]:
    """The same over a broker that the test may kill."""
    make_topics(own_kafka.bootstrap_servers, own_kafka.prefix)
    told = environment(postgres_url, own_kafka.bootstrap_servers, own_kafka.prefix)
    with fleet(told, tmp_path) as found:
        yield found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole fleets of processes, killed and paused, belong to `make chaos`."""
    here = Path(__file__).parent
    for item in items:
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if here in item.path.parents and {"owner", "own_kafka"} & set(fixtures):
            item.add_marker(pytest.mark.chaos)
