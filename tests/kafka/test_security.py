"""SASL over TLS with the smallest ACLs of each role; a refusal tells its cause and no secret."""

import logging
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from aggregates.refusal import Refusal
from infra.kafka import clients
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings, kafka_settings
from infra.kafka.topics import found_topics
from tests.kafka.senders import body, headers
from tests.kafka.support import drain, make_topics, seeded
from tests.kafka.verbs import Operator
from tests.support.servers import KafkaServer, SecureKafka

READ, WRITE = ACLOperation.READ, ACLOperation.WRITE
TOPIC = ResourceType.TOPIC

EVENTS = ("bill-runs", "account-packages", "invoices", "accounts", "setup")

ROLE_ACLS: dict[str, list[tuple[ResourceType, str, ACLOperation]]] = {
    "relay": [
        *((TOPIC, topic, WRITE) for topic in (*EVENTS, "replies", "relay")),
        (TOPIC, "relay", READ),
        (ResourceType.TRANSACTIONAL_ID, "relay", WRITE),
    ],
    "commands": [
        (TOPIC, "commands", READ),
        (TOPIC, "replies", WRITE),
        (TOPIC, "commands.dead-letters", WRITE),
        (ResourceType.GROUP, "commands", READ),
    ],
}
"""What the operator's guide gives each role, without the prefix."""


def _settings(kafka: SecureKafka, user: str, **more: Any) -> KafkaSettings:
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


def _allow(kafka: SecureKafka, user: str) -> None:
    acls = [
        ACL(
            f"User:{user}",
            "*",
            operation,
            ACLPermissionType.ALLOW,
            ResourcePattern(kind, f"{kafka.prefix}.{name}", ACLResourcePatternType.LITERAL),
        )
        for kind, name, operation in ROLE_ACLS[user]
    ]
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers, **kafka.as_user("admin"))
    try:
        admin.create_acls(acls)
    finally:
        admin.close()
    settings = _settings(kafka, user)
    wanted = [f"{kafka.prefix}.{name}" for kind, name, _ in ROLE_ACLS[user] if kind == TOPIC]
    mine = clients.admin(settings)
    try:
        while set(found_topics(mine, settings, wanted)) != set(wanted):
            pass
    finally:
        mine.close()


def test_roles_work_with_the_smallest_acls(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    from kafka import KafkaConsumer, KafkaProducer

    store = seeded(tmp_path)
    make_topics(_settings(secure_kafka, "admin"))
    for user in ROLE_ACLS:
        _allow(secure_kafka, user)
    admin = secure_kafka.as_user("admin")
    servers, prefix = secure_kafka.bootstrap_servers, secure_kafka.prefix
    producer = KafkaProducer(bootstrap_servers=servers, **admin)
    producer.send(f"{prefix}.commands", b"garbage", b"k", headers("1"))
    producer.send(f"{prefix}.commands", str(body()).replace("'", '"').encode(), b"k", headers("2"))
    producer.close()
    commands = open_commands(store, _settings(secure_kafka, "commands"))
    while not [e for e in store.log(0, 1000) if e.type == "command.accepted"]:
        commands.step()
    commands.close()
    relay = open_relay(store, _settings(secure_kafka, "relay"))
    drain(relay.step)
    relay.close()
    reader = KafkaConsumer(
        f"{prefix}.replies",
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        **admin,
    )
    replies: list[str] = []
    while len(replies) < 2:
        for some in reader.poll(timeout_ms=1000).values():
            replies += [one.key.decode() for one in some if one.key]
    reader.close()
    assert sorted(replies) == ["1", "2"]
    store.close()


def test_without_acls_a_role_is_told(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    store = seeded(tmp_path)
    make_topics(_settings(secure_kafka, "admin"))
    with pytest.raises(Refusal, match=r"topic_missing|kafka_refused"):
        open_relay(store, _settings(secure_kafka, "stranger"))
    store.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password_tells_its_cause_and_no_secret(
    secure_kafka: SecureKafka,
    mechanism: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "BEGIN_MS", 3_000)
    caplog.set_level(logging.DEBUG)
    settings = _settings(
        secure_kafka, "relay", kafka_sasl_password="wr0ng-s3cret", kafka_sasl_mechanism=mechanism
    )
    with pytest.raises(Refusal, match=r"kafka_refused: .*relay.*uthentication") as refused:
        clients.admin(settings)
    for text in (str(refused.value), repr(settings), str(settings), caplog.text):
        assert "wr0ng-s3cret" not in text


def test_a_wrong_ca_and_a_plain_connection_tell_their_cause(
    secure_kafka: SecureKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.secure import write_certificates

    monkeypatch.setattr(clients, "BEGIN_MS", 3_000)
    other = write_certificates(tmp_path / "other")
    with pytest.raises(Refusal, match=r"kafka_refused: .*certificate"):
        clients.admin(_settings(secure_kafka, "relay", kafka_ssl_cafile=str(other)))
    plain = kafka_settings(kafka_bootstrap_servers=secure_kafka.bootstrap_servers)
    with pytest.raises(Refusal, match="kafka_unreachable"):
        clients.admin(plain)


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BEGIN_MS", 500)
    with pytest.raises(Refusal, match=r"kafka_unreachable: .*ECONNREFUSED"):
        clients.admin(kafka_settings(kafka_bootstrap_servers="127.0.0.1:9"))


def test_no_output_of_a_verb_has_a_secret(kafka: KafkaServer, tmp_path: Path) -> None:
    """Settings that are wrong in every way are named, and none of their values that is secret."""
    store = seeded(tmp_path)
    settings = kafka_settings(
        kafka_bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.prefix
    )
    secret = "hunter2-s3cret"
    operator = Operator(
        settings,
        store.url,
        BILLSTREAM_KAFKA_SASL_PASSWORD=secret,
        BILLSTREAM_KAFKA_SSL_KEY_PASSWORD=secret,
        BILLSTREAM_KAFKA_SECURITY_PROTOCOL="SASL_TLS",
    )
    for words in (["topics", "create"], ["topics", "create", "--help"], ["dead-letters", "list"]):
        done = operator.ask(*words)
        assert secret not in done.stdout + done.stderr
    assert operator.refused("topics", "create") == "settings_invalid"
    store.close()
