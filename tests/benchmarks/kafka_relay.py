"""How fast history goes out: the relay, beside a bare producer of the same bytes."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from consumers.publishing import Message, Publisher
from infra.kafka import clients
from infra.kafka.codec import open_codec
from infra.kafka.history import StoredHistory
from infra.kafka.roles import open_relay
from infra.kafka.topics import LARGE, topic_names
from infra.store.owned import OwnedStore
from tests.benchmarks.kafka_owner import Owner, Servers, Spent, Watch, owner, run, seeded

if TYPE_CHECKING:
    from kafka import KafkaProducer

ACCOUNTS = 20_000
PAGE = 4_000


class Relayed(NamedTuple):
    """The same events, once through the relay and once through a producer that does nothing
    else.
    """

    events: int
    relay: Spent
    bare: Spent
    bytes: int

    @property
    def per_second(self) -> float:
        return self.events / self.relay.wall

    @property
    def ratio(self) -> float:
        return self.bare.wall / self.relay.wall


def measure(on: Servers, accounts: int = ACCOUNTS) -> Relayed:
    """A run's events; what was there before it goes out first, so that everything is warm."""
    with owner(on) as of, closing(seeded(of, accounts)) as store:
        with closing(open_relay(store, of.settings)) as relay:
            while relay.step():
                pass
            before = store.head.position
            run(store)
            watch = Watch()
            while relay.step():
                pass
            relayed = watch.spent()
        messages = _messages(of, store, before)
        size = sum(_size(message) for message in messages)
        return Relayed(len(messages), relayed, _bare(of, messages), size)


def _messages(of: Owner, store: OwnedStore, after: int) -> list[Message]:
    history = StoredHistory(store)
    publisher = Publisher(open_codec(of.settings), of.settings.topic_prefix)
    found: list[Message] = []
    while events := history.read(after, PAGE, LARGE).events:
        found += publisher.messages(events)
        after = events[-1].position
    return found


def _bare(of: Owner, messages: Sequence[Message]) -> Spent:
    """kafka-python alone, with its batches as large as the relay's; no transactions."""
    called = topic_names(of.settings.topic_prefix, 1)
    producer = clients.producer(
        of.settings, batch_size=512 * 1024, linger_ms=5, max_request_size=LARGE
    )
    with closing(producer):
        for message in messages[:1000]:
            _send(producer, called, message)
        producer.flush()
        watch = Watch()
        for message in messages:
            _send(producer, called, message)
        producer.flush()
        return watch.spent()


def _send(producer: "KafkaProducer", called: dict[str, str], message: Message) -> None:
    topic, key, value, headers = message
    producer.send(called[topic], value=value, key=key, headers=headers)


def _size(message: Message) -> int:
    above = sum(len(name) + len(value) for name, value in message.headers)
    return len(message.key) + len(message.value) + above
