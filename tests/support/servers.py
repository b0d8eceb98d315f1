"""Real servers for tests: PostgreSQL and Apache Kafka, started once per run of pytest.

The workers of one run share them: the first that needs one starts it, the last that leaves stops
it. `BILLSTREAM_DATABASE_URL` and `BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS` name others instead.
What a test needs of its own are names: a schema, a prefix of topics.
"""

import os
import secrets
from collections.abc import Generator
from typing import NamedTuple

import pytest

from infra.stack.folder import new_cluster
from infra.stack.kafka import Kafka
from infra.stack.postgres import Postgres
from tests.support.shared_run import Run, this_run

KAFKA = "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"
DATABASE = "BILLSTREAM_DATABASE_URL"

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""A test's data need not outlive a power cut; a killed server loses nothing it has committed."""


class KafkaServer(NamedTuple):
    """A broker, and the beginning of all topics (and groups) of this test."""

    bootstrap_servers: str
    prefix: str


@pytest.fixture(scope="session")
def servers() -> Generator[Run]:
    """What the workers of this run share."""
    run = this_run()
    yield run
    run.leave()


@pytest.fixture(scope="session")
def postgres_server(servers: Run) -> str:
    """The address of the PostgreSQL that tests share."""
    given = os.environ.get(DATABASE, "")
    if given.startswith("postgres"):
        return given.partition("?")[0]
    return servers.start(_make_postgres).url


@pytest.fixture
def postgres_url(postgres_server: str) -> Generator[str]:
    """PostgreSQL with a schema of this test's own, which is not made yet and dropped afterwards."""
    import psycopg
    from psycopg import sql

    schema = f"t_{secrets.token_hex(6)}"
    yield f"{postgres_server}?schema={schema}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '20s'")
        connection.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema))
        )


@pytest.fixture(scope="session")
def kafka_server(servers: Run) -> str:
    """The bootstrap servers of the Kafka that tests share."""
    if given := os.environ.get(KAFKA):
        return given
    return servers.start(_make_kafka).bootstrap_servers


@pytest.fixture
def kafka(kafka_server: str) -> Generator[KafkaServer]:
    """Kafka with a prefix of this test's own; its topics are deleted afterwards."""
    server = KafkaServer(kafka_server, f"t-{secrets.token_hex(6)}")
    yield server
    delete_topics(server)


def delete_topics(server: KafkaServer, **client: object) -> None:
    """Deletes every topic of the test."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap_servers, **client)
    try:
        mine = [name for name in admin.list_topics() if name.startswith(server.prefix)]
        if mine:
            admin.delete_topics(mine)
    finally:
        admin.close()


def _make_postgres(run: Run) -> Postgres:
    port = run.ports("postgres", 1)[0]
    return Postgres(run.folder / "postgres", port, run.secret(), QUICK)


def _make_kafka(run: Run) -> Kafka:
    return Kafka(run.folder / "kafka", run.ports("kafka", 2), new_cluster())
