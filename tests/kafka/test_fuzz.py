"""Thousands of messages of nonsense: each ends somewhere, and the next good command is done."""

import json
import time
from pathlib import Path

import pytest

from aggregates.refusal import Refusal
from consumers.commands_in import CommandsIn
from infra.kafka import clients, topics
from infra.kafka.dead_letters import letters, resend
from infra.kafka.roles import open_commands
from infra.kafka.settings import KafkaSettings
from infra.store.owned import OwnedStore
from tests.kafka.fuzz import Fuzz
from tests.kafka.senders import Sender, body, headers
from tests.kafka.support import make_topics, seeded, settings_of
from tests.support.servers import KafkaServer


class Counting:
    """A meter that knows how many messages were done."""

    def __init__(self) -> None:
        self.done = 0

    def add(self, name: str, amount: float = 1) -> None:
        if name == "commands":
            self.done += int(amount)

    def lag(self, role: str, events: int, seconds: float) -> None:
        pass


def _handle(role: CommandsIn, meter: Counting, count: int) -> None:
    while meter.done < count:
        role.step()


def _make_large_topics(settings: KafkaSettings) -> None:
    """The topic of commands lets larger messages through than ours, as an operator may set it."""
    wanted = topics.specs(settings, 1)
    larger = {**wanted["commands"].configs, "max.message.bytes": "5000000"}
    wanted["commands"] = wanted["commands"]._replace(configs=larger)
    admin = clients.admin(settings)
    try:
        topics.create(admin, settings, wanted.values())
    finally:
        admin.close()


def _fuzz(kafka: KafkaServer, folder: Path, count: int) -> None:
    settings, store = settings_of(kafka), seeded(folder)
    _make_large_topics(settings)
    sender, fuzz, meter = Sender(settings), Fuzz(count), Counting()
    role = open_commands(store, settings, meter)
    for number in range(1, count + 1):
        sender.send_raw(*fuzz.message())
        if number % 2_000 == 0 or number == count:
            sender.flush()
            _handle(role, meter, number)
    assert sum(1 for _ in letters(settings)) == count
    sender.send("good", body())
    sender.flush()
    begun = time.monotonic()
    _handle(role, meter, count + 1)
    took = time.monotonic() - begun
    assert took < 1.0, f"the next good command took {took:.2f} s"
    assert _accepted(store) == ["good"]
    role.close()
    sender.close()
    store.close()


def _accepted(store: OwnedStore) -> list[str]:
    return [e.event.id for e in store.log(0, 10_000_000) if e.type == "command.accepted"]


def test_two_thousand_messages_of_nonsense(kafka: KafkaServer, tmp_path: Path) -> None:
    _fuzz(kafka, tmp_path, 2_000)


@pytest.mark.chaos
def test_a_hundred_thousand_messages_of_nonsense(kafka: KafkaServer, tmp_path: Path) -> None:
    _fuzz(kafka, tmp_path, 100_000)


def test_one_too_large_for_the_dead_letters_blocks_nobody(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    """Its beginning is kept, with the place where all of it lies."""
    settings, store = settings_of(kafka), seeded(tmp_path)
    _make_large_topics(settings)
    sender, meter = Sender(settings), Counting()
    sender.send_raw(b"a" * 3_000_000, headers("large"), partition=0)
    sender.send_raw(b"{}", [*headers("much"), ("more", b"b" * 2_500_000)], partition=0)
    sender.send_raw(json.dumps(body()).encode(), headers("good"), partition=0)
    sender.flush()
    role = open_commands(store, settings, meter)
    _handle(role, meter, 3)
    role.close()
    assert _accepted(store) == ["good"]
    large, much = letters(settings)
    assert large.cut > 3_000_000
    assert much.cut > 2_500_000
    assert (large.value or b"").startswith(b"aaa")
    assert large.source == f"{kafka.prefix}.commands/0/0"
    assert much.text("ce_id") == "much"
    with pytest.raises(Refusal, match="dead_letter_cut"):
        resend(settings, [large, much], new_id=True)
    sender.close()
    store.close()


def test_two_megabytes_are_not_taken(kafka: KafkaServer, tmp_path: Path) -> None:
    """The broker refuses it to its sender; nothing of it reaches us."""
    from kafka import KafkaProducer
    from kafka.errors import MessageSizeTooLargeError

    settings = settings_of(kafka)
    make_topics(settings)
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, max_request_size=4_000_000
    )
    sent = producer.send(f"{kafka.prefix}.commands", bytes(2_000_000))
    with pytest.raises(MessageSizeTooLargeError):
        sent.get(timeout=30)
    producer.close()
