"""Topics as they are made, and what is said when they are not right."""

import json
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from aggregates.refusal import Refusal
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings
from infra.kafka.tie import CLUSTER
from tests.kafka.senders import Sender, body
from tests.kafka.support import drain, make_topics, seeded, settings_of
from tests.kafka.verbs import Operator
from tests.support.servers import KafkaServer


def _remake(settings: KafkaSettings, topic: str, partitions: int, **configs: str) -> None:
    """Deletes a topic and makes another one of that name."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    try:
        name = f"{settings.topic_prefix}.{topic}"
        admin.delete_topics([name])
        while name in admin.list_topics():
            pass
        given = {key.replace("_", "."): value for key, value in configs.items()}
        admin.create_topics(
            {name: {"num_partitions": partitions, "replication_factor": 1, "configs": given}},
            wait_for_metadata=True,
        )
    finally:
        admin.close()


def test_topics_are_made_and_listed(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    operator = Operator(settings, store.url)
    assert operator.ask("topics", "list").returncode == 1
    made = json.loads(operator.must("topics", "create", "--json"))["created"]
    assert f"{kafka.prefix}.invoices" in made
    assert operator.must("topics", "create") == "Every topic is there.\n"
    assert store.views_database().has_table("progress_turns")
    listed = {row["topic"]: row for row in json.loads(operator.must("topics", "list", "--json"))}
    assert sorted(listed) == sorted(made)
    invoices = listed[f"{kafka.prefix}.invoices"]
    assert invoices["partitions"] == invoices["wanted_partitions"] == 3
    assert invoices["settings"]["cleanup.policy"] == "delete"
    assert invoices["settings"]["retention.ms"] == "-1"
    shown = operator.must("topics", "list")
    assert "for ever" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    store.close()


def test_missing_topics_are_said(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    with pytest.raises(Refusal, match=r"topic_missing: .*billstream topics create"):
        open_commands(store, settings)
    with pytest.raises(Refusal, match="topic_missing"):
        open_relay(store, settings)
    store.close()


def test_too_few_partitions_are_said(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    with pytest.raises(Refusal, match="topic_partitions_too_few"):
        open_commands(store, settings_of(kafka, kafka_partitions=4))
    store.close()


def test_changed_partitions_are_said(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    relay.close()
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_partitions({f"{kafka.prefix}.invoices": 5})
    admin.close()
    again = open_relay(store, settings)
    with pytest.raises(Refusal, match="topic_partitions_changed"):
        drain(again.step)
    again.close()
    store.close()


def test_a_compacted_topic_is_refused(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    _remake(settings, "invoices", 3, cleanup_policy="compact")
    relay = open_relay(store, settings)
    with pytest.raises(Refusal, match="topic_compacted"):
        relay.step()
    relay.close()
    store.close()


def test_a_topic_for_small_messages_is_refused(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    _remake(settings, "invoices", 3, max_message_bytes="100000")
    relay = open_relay(store, settings)
    with pytest.raises(Refusal, match=r"topic_messages_too_small: .*=2097152`") as refused:
        relay.step()
    assert f"{kafka.prefix}.invoices takes messages of 100000 bytes" in refused.value.sentence
    relay.close()
    _remake(settings, "commands.dead-letters", 1)
    with pytest.raises(Refusal, match="topic_messages_too_small"):
        open_commands(store, settings)
    store.close()


def test_each_fault_of_topics_is_an_error_of_the_verb(kafka: KafkaServer, tmp_path: Path) -> None:
    """`billstream run` ends with status 1 and says why; it does not wait for it to pass."""
    settings, store = settings_of(kafka), seeded(tmp_path)
    operator = Operator(settings, store.url)
    assert _run_refused(operator) == "topic_missing"
    make_topics(settings)
    few = Operator(settings_of(kafka, kafka_partitions=4), store.url)
    assert _run_refused(few) == "topic_partitions_too_few"
    store.keep_fact(CLUSTER, "the one before")
    assert _run_refused(operator) == "kafka_cluster_changed"
    store.close()


def _run_refused(operator: Operator) -> str:
    """The code in the last line of what `billstream run` says before it ends."""
    done = operator.ask("run", "commands", "--port", "0")
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: "), done.stderr
    return last.split(":")[1].strip()


def test_another_prefix_or_cluster_is_refused(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    open_relay(store, settings).close()
    with pytest.raises(Refusal, match="topic_prefix_changed"):
        open_relay(store, settings_of(kafka, topic_prefix=f"{kafka.prefix}x"))
    store.keep_fact(CLUSTER, "the one before")
    with pytest.raises(Refusal, match="kafka_cluster_changed"):
        open_relay(store, settings)
    store.close()


def test_a_prefix_of_another_history_is_refused(kafka: KafkaServer, tmp_path: Path) -> None:
    """Before it is tied to it, and before a relay begins that would fence the other one's."""
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    relay.close()
    store.close()
    (tmp_path / "other").mkdir()
    other = seeded(tmp_path / "other")
    assert Operator(settings, other.url).refused("topics", "create") == "topic_prefix_taken"
    assert other.fact(CLUSTER) is None
    other.close()
    assert Operator(settings, store.url).must("topics", "create") == "Every topic is there.\n"


def test_dead_letters_by_verbs(kafka: KafkaServer, tmp_path: Path) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    operator = Operator(settings, store.url)
    assert operator.must("dead-letters", "list") == "There are no dead letters.\n"
    sender = Sender(settings)
    sender.send("1", body(bill_run="Nowhere"))
    sender.flush()
    sender.close()
    role = open_commands(store, settings)
    while not role.step():
        pass
    role.close()
    (listed,) = json.loads(operator.must("dead-letters", "list", "--json"))
    assert listed["code"] == "bill_run_unknown"
    id = listed["id"]
    assert "Nowhere" in operator.must("dead-letters", "show", id)
    assert json.loads(operator.must("dead-letters", "show", id, "--json")) == listed
    assert id in operator.must("dead-letters", "list")
    assert operator.refused("dead-letters", "show", "7-7") == "dead_letter_unknown"
    assert operator.must("dead-letters", "resend", id, "--new-id") == "Sent 1 again.\n"
    store.close()
