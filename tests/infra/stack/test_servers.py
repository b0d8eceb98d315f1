"""The servers that tests share answer, and each test has names of its own."""

import psycopg

from tests.support.servers import KafkaServer, delete_topics


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
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    assert name in admin.list_topics()
    delete_topics(kafka)
    assert name not in admin.list_topics()
    admin.close()
