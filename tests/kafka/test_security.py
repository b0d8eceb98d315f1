"""SASL over TLS: a refusal tells its cause and no secret."""

import logging
import os
import re
from pathlib import Path

import pytest

from aggregates.refusal import Refusal
from infra.kafka import clients
from infra.kafka.marks import last_mark
from infra.kafka.quiet import NO_SECRETS
from infra.kafka.roles import open_relay
from infra.kafka.settings import kafka_settings
from infra.stack.folder import new_cluster
from infra.stack.kafka import Kafka
from tests.kafka.support import (
    drain,
    make_topics,
    secured_settings,
    seeded,
)
from tests.kafka.verbs import Operator
from tests.support.secure import KEY_PASSWORD, Certificates, certificates
from tests.support.servers import KafkaServer, SecureKafka
from tests.support.shared_run import Run


def test_without_acls_a_role_is_told(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    store = seeded(tmp_path)
    make_topics(secured_settings(secure_kafka, "admin"))
    with pytest.raises(Refusal, match=r"topic_missing|kafka_refused"):
        open_relay(store, secured_settings(secure_kafka, "stranger"))
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
    settings = secured_settings(
        secure_kafka, "relay", kafka_sasl_password="wr0ng-s3cret", kafka_sasl_mechanism=mechanism
    )
    with pytest.raises(Refusal, match=r"kafka_refused: .*relay.*uthentication") as refused:
        clients.admin(settings)
    for text in (str(refused.value), repr(settings), str(settings), caplog.text):
        assert "wr0ng-s3cret" not in text


def _everything(record: logging.LogRecord) -> bool:
    return True


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_the_debug_log_of_kafka_has_no_password(
    secure_kafka: SecureKafka,
    mechanism: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever turns it on; without the filter it has."""
    caplog.set_level(logging.DEBUG, logger="kafka")
    settings = secured_settings(secure_kafka, "relay", kafka_sasl_mechanism=mechanism)
    password = secure_kafka.users["relay"]
    clients.admin(settings).close()
    assert "Metadata" in caplog.text
    assert not any(word in caplog.text for word in (password, "SaslAuthenticate", "auth_bytes"))
    monkeypatch.setattr(NO_SECRETS, "filter", _everything)
    clients.admin(settings).close()
    assert "SaslAuthenticate" in caplog.text
    assert (password in caplog.text) == (mechanism == "PLAIN")


@pytest.fixture(scope="module")
def mutual(servers: Run) -> tuple[Kafka, Certificates]:
    """A broker that lets in whoever shows a certificate of its CA, and asks no password."""
    name = f"kafka-tls-{os.getpid()}"
    files = certificates(servers.folder / name)
    told = {
        "listener.security.protocol.map": "CLIENTS:SSL,CONTROLLER:PLAINTEXT",
        "ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "broker.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "ca.pem",
    }
    client = {
        "security_protocol": "SSL",
        "ssl_cafile": str(files.ca),
        "ssl_certfile": str(files.client),
        "ssl_keyfile": str(files.client_key),
        "ssl_password": KEY_PASSWORD,
    }

    def make(run: Run) -> Kafka:
        ports = run.ports(name, 2)
        return Kafka(run.folder / name, ports, new_cluster(), settings=told, client=client)

    return servers.start(make), files


def test_a_certificate_instead_of_a_password(
    mutual: tuple[Kafka, Certificates], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment, as operators set it; one that is missing, or of others, is refused."""
    monkeypatch.setattr(clients, "BEGIN_MS", 3_000)
    kafka, files = mutual
    trusted = {
        "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "BILLSTREAM_KAFKA_SECURITY_PROTOCOL": "SSL",
        "BILLSTREAM_KAFKA_SSL_CAFILE": str(files.ca),
        "BILLSTREAM_KAFKA_SSL_CERTFILE": str(files.client),
        "BILLSTREAM_KAFKA_SSL_KEYFILE": str(files.client_key),
        "BILLSTREAM_KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
    }
    for name, value in trusted.items():
        monkeypatch.setenv(name, value)
    settings = kafka_settings(topic_prefix="mutual", kafka_partitions=3)
    store = seeded(tmp_path)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    relay.close()
    mark = last_mark(settings)
    assert mark is not None
    assert mark.position == store.head.position
    store.close()
    other = certificates(tmp_path / "other")
    for more in (
        {"kafka_ssl_certfile": "", "kafka_ssl_keyfile": ""},
        {"kafka_ssl_certfile": str(other.client), "kafka_ssl_keyfile": str(other.client_key)},
        {"kafka_ssl_key_password": "wr0ng-s3cret"},
        {"kafka_ssl_cafile": str(tmp_path / "nowhere.pem")},
    ):
        with pytest.raises(Refusal, match=r"kafka_refused|settings_invalid") as refused:
            clients.admin(kafka_settings(**more)).close()
        assert "s3cret" not in str(refused.value)
        assert re.search("certificates|SSL_CAFILE", refused.value.sentence)


def test_a_wrong_ca_and_a_plain_connection_tell_their_cause(
    secure_kafka: SecureKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.secure import write_certificates

    monkeypatch.setattr(clients, "BEGIN_MS", 3_000)
    other = write_certificates(tmp_path / "other")
    with pytest.raises(Refusal, match=r"kafka_refused: .*certificate"):
        clients.admin(secured_settings(secure_kafka, "relay", kafka_ssl_cafile=str(other)))
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
