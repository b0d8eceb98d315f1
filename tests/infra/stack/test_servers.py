"""The servers that tests share answer, and each test has names of its own."""

import json
import signal
import urllib.request

import psycopg
import pytest

from tests.support.servers import (
    KafkaServer,
    OwnKafka,
    OwnPostgres,
    SecureKafka,
    delete_topics,
)


def test_postgres_answers(postgres_url: str) -> None:
    address, _, schema = postgres_url.partition("?schema=")
    with psycopg.connect(address) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
        assert found.fetchall() == [(1,)]


def test_topics_of_a_test_are_deleted(kafka: KafkaServer) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    name = f"{kafka.prefix}.words"
    admin.create_topics(_topic(name), wait_for_metadata=True)
    assert name in admin.list_topics()
    delete_topics(kafka)
    assert name not in admin.list_topics()
    admin.close()


def test_the_registry_gives_a_schema_one_id_however_it_is_written(
    registry_url: str, kafka: KafkaServer
) -> None:
    def register(schema: str) -> int:
        request = urllib.request.Request(
            f"{registry_url}/subjects/{kafka.prefix}-value/versions",
            json.dumps({"schema": schema}).encode(),
            {"content-type": "application/vnd.schemaregistry.v1+json"},
        )
        with urllib.request.urlopen(request) as answer:
            return int(json.load(answer)["id"])

    written = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
    assert register(written) == register(written.replace(":", " : "))


def test_postgres_keeps_what_was_committed_when_it_is_killed(own_postgres: OwnPostgres) -> None:
    address, _, schema = own_postgres.url.partition("?schema=")
    with psycopg.connect(address) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        connection.execute(f"CREATE TABLE {schema}.t AS SELECT 1 AS a".encode())
    for end in (own_postgres.server.kill, lambda: own_postgres.server.stop(signal.SIGQUIT)):
        end()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)
        own_postgres.server.start()
        with psycopg.connect(address) as connection:
            found = connection.execute(f"SELECT a FROM {schema}.t".encode())
            assert found.fetchall() == [(1,)]


def test_kafka_keeps_what_was_acknowledged_when_it_is_killed(own_kafka: OwnKafka) -> None:
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

    name = f"{own_kafka.prefix}.words"
    admin = KafkaAdminClient(bootstrap_servers=own_kafka.bootstrap_servers)
    admin.create_topics(_topic(name), wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=own_kafka.bootstrap_servers, acks="all")
    producer.send(name, b"kept").get(10)
    producer.close()
    own_kafka.server.kill()
    own_kafka.server.start()
    consumer = KafkaConsumer(
        bootstrap_servers=own_kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(name, 0)])
    assert next(consumer).value == b"kept"
    consumer.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_secured_broker_knows_who_may_do_what(secure_kafka: SecureKafka, mechanism: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.errors import TopicAuthorizationFailedError

    server = secure_kafka.bootstrap_servers
    name = f"{secure_kafka.prefix}.words"
    stranger = KafkaAdminClient(
        bootstrap_servers=server, **secure_kafka.as_user("stranger", mechanism)
    )
    with pytest.raises(TopicAuthorizationFailedError):
        stranger.create_topics(_topic(name))
    stranger.close()
    admin = KafkaAdminClient(bootstrap_servers=server, **secure_kafka.as_user("admin", mechanism))
    admin.create_topics(_topic(name), wait_for_metadata=True)
    assert name in admin.list_topics()
    admin.close()


def test_a_wrong_password_is_refused(secure_kafka: SecureKafka) -> None:
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    wrong = {**secure_kafka.as_user("admin"), "sasl_plain_password": "guess"}
    with pytest.raises(KafkaError):
        KafkaAdminClient(
            bootstrap_servers=secure_kafka.bootstrap_servers, bootstrap_timeout_ms=2000, **wrong
        )


def _topic(name: str) -> dict[str, dict[str, int]]:
    return {name: {"num_partitions": 1, "replication_factor": 1}}
