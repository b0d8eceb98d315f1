"""Real servers for tests: PostgreSQL, Apache Kafka, a schema registry, started once per run.

The workers of one run share them: the first that needs one starts it, the last that leaves stops
it. `BILLSTREAM_DATABASE_URL` and `BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS` name others instead. What a
test has of its own are names: a schema, a prefix of topics and groups.

`own_postgres` and `own_kafka` belong to one worker alone, so that a test may kill them.
"""

import os
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.stack.folder import new_cluster
from infra.stack.kafka import Kafka
from infra.stack.postgres import Postgres
from infra.stack.registry import Registry
from tests.support.secure import USERS, client_settings, secure_settings, write_certificates
from tests.support.shared_run import Run, this_run

KAFKA = "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"
DATABASE = "BILLSTREAM_DATABASE_URL"

_QUICK = {"fsync": "off"}
"""A test's data need not outlive a power cut. A server that is killed loses nothing it has
committed even so: the operating system has it.
"""

_IMPATIENT = {
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}
"""Members that hang are given up as soon as a test asks for."""


class KafkaServer(NamedTuple):
    """A broker, the beginning of all topics and groups of this test, and what a client of
    kafka-python needs besides the address: `KafkaConsumer(bootstrap_servers=…, **client)`.
    """

    bootstrap_servers: str
    prefix: str
    client: Mapping[str, Any] = {}


class OwnPostgres(NamedTuple):
    """A PostgreSQL that no other test uses meanwhile, and an address with a schema of this test.
    `server` has `start`, `stop`, `stop(SIGQUIT)` (PostgreSQL's `immediate`) and `kill`.
    """

    server: Postgres
    url: str


class OwnKafka(NamedTuple):
    """A broker that no other test uses meanwhile. `server` has `start`, `stop` and `kill` (-9);
    it comes back on the same port.
    """

    server: Kafka
    bootstrap_servers: str
    prefix: str


class SecureKafka(NamedTuple):
    """A broker with SASL over TLS, ACLs and a user a role: `kafka.as_user("relay")` is what
    kafka-python needs for one. Nobody but `admin` may do anything until an ACL says so.
    """

    bootstrap_servers: str
    prefix: str
    ca: Path
    users: Mapping[str, str]

    def as_user(self, user: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, Any]:
        return client_settings(self.ca, user, mechanism)


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
    schema = _some("t_")
    yield f"{postgres_server}?schema={schema}"
    drop_schema(postgres_server, schema)


@pytest.fixture(scope="session")
def kafka_server(servers: Run) -> str:
    """The bootstrap servers of the Kafka that tests share."""
    return os.environ.get(KAFKA) or servers.start(_make_kafka).bootstrap_servers


@pytest.fixture
def kafka(kafka_server: str) -> Generator[KafkaServer]:
    """Kafka with a prefix of this test's own; its topics are deleted afterwards."""
    server = KafkaServer(kafka_server, _some("t-"))
    yield server
    delete_topics(server)


@pytest.fixture(scope="session")
def registry_server(servers: Run) -> str:
    """The address of the schema registry that tests share: subjects want names of their own."""
    postgres = servers.start(_make_postgres)
    return servers.start(lambda run: _make_registry(run, postgres)).url


@pytest.fixture
def registry_url(registry_server: str) -> str:
    """The schema registry, Confluent's API. Take subjects that begin with something of your own,
    as `kafka.prefix`.
    """
    return registry_server


@pytest.fixture(scope="session")
def secure_server(servers: Run) -> Kafka:
    """The broker with SASL over TLS that tests share."""
    return servers.start(_make_secure)


@pytest.fixture
def secure_kafka(secure_server: Kafka) -> Generator[SecureKafka]:
    """A secured broker with a prefix of this test's own; its topics are deleted afterwards, its
    ACLs stay: give them prefixed names.
    """
    ca = secure_server.folder / "ca.pem"
    server = SecureKafka(secure_server.bootstrap_servers, _some("t-"), ca, USERS)
    yield server
    admin = server.as_user("admin")
    delete_topics(KafkaServer(server.bootstrap_servers, server.prefix, admin))


@pytest.fixture
def own_postgres(servers: Run) -> Generator[OwnPostgres]:
    """A PostgreSQL that this test may stop and kill; it is up at the beginning."""
    with postgres_of_ones_own(servers) as server:
        yield server


@pytest.fixture
def own_kafka(servers: Run) -> Generator[OwnKafka]:
    """A broker that this test may stop and kill; it is up at the beginning."""
    with kafka_of_ones_own(servers) as server:
        yield server


@contextmanager
def postgres_of_ones_own(run: Run) -> Generator[OwnPostgres]:
    """What the fixture `own_postgres` gives, for programs that are no test."""
    mine = run.start(lambda run: _make_postgres(run, f"postgres-{os.getpid()}"))
    schema = _some("t_")
    yield OwnPostgres(mine, f"{mine.url}?schema={schema}")
    mine.start()
    drop_schema(mine.url, schema)


@contextmanager
def kafka_of_ones_own(run: Run) -> Generator[OwnKafka]:
    """What the fixture `own_kafka` gives, for programs that are no test."""
    mine = run.start(lambda run: _make_kafka(run, f"kafka-{os.getpid()}"))
    server = OwnKafka(mine, mine.bootstrap_servers, _some("t-"))
    yield server
    mine.start()
    delete_topics(KafkaServer(server.bootstrap_servers, server.prefix))


def drop_schema(server: str, schema: str) -> None:
    """Drops a test's schema with everything in it; a connection left open by the test is told."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '20s'")
        name = sql.Identifier(schema)
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))


def delete_topics(server: KafkaServer) -> None:
    """Deletes every topic of the test, and waits until nobody is told of them any more."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap_servers, **server.client)
    try:
        deleted: set[str] = set()
        while mine := [name for name in admin.list_topics() if name.startswith(server.prefix)]:
            more = set(mine) - deleted
            if more:
                admin.delete_topics(sorted(more))
            deleted |= more
    finally:
        admin.close()


def _some(beginning: str) -> str:
    return beginning + secrets.token_hex(6)


def _make_postgres(run: Run, name: str = "postgres") -> Postgres:
    return Postgres(run.folder / name, run.ports(name, 1)[0], run.secret(), _QUICK)


def _make_kafka(run: Run, name: str = "kafka") -> Kafka:
    return Kafka(run.folder / name, run.ports(name, 2), new_cluster(), _IMPATIENT)


def _make_registry(run: Run, postgres: Postgres) -> Registry:
    return Registry(run.folder / "registry", run.ports("registry", 1)[0], postgres)


def _make_secure(run: Run) -> Kafka:
    folder = run.folder / "secure"
    ca = folder / "ca.pem"
    if not ca.exists():
        write_certificates(folder)
    return Kafka(
        folder,
        run.ports("secure", 2),
        new_cluster(),
        settings=secure_settings(),
        users=USERS,
        client=client_settings(ca),
    )
