"""Events out: whatever happened, once, in order, on topics that anybody can read."""

import os
import signal
from pathlib import Path
from threading import Timer

import pytest

from aggregates.refusal import Refusal
from consumers.publishing import Publisher
from consumers.relay import Page, Relay
from infra.kafka.codec import open_codec
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.history import StoredHistory
from infra.kafka.roles import open_relay
from infra.kafka.settings import KafkaSettings
from infra.kafka.tie import CLUSTER, PREFIX, tie
from infra.store.open import open_store
from schemas.wire import decode_event
from tests.kafka.stores import seeded_at
from tests.kafka.support import (
    drain,
    event_topics,
    make_topics,
    positions,
    published,
    read_all,
    settings_of,
)
from tests.support import seed
from tests.support.servers import KafkaServer, OwnKafka


def test_history_comes_out_once_and_in_order(kafka: KafkaServer, database: str) -> None:
    settings, store = settings_of(kafka), seeded_at(database)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    seed.add_accounts(store, 2, first=3)
    drain(relay.step)
    relay.close()
    again = open_relay(store, settings)
    drain(again.step)
    again.close()
    assert [one.position for one in published(settings)] == positions(store)
    stored = {one.position: one for one in store.log(0, 1000)}
    for record in read_all(settings, event_topics(settings)):
        headers = dict(record.headers)
        original = stored[int(headers["position"])]
        assert decode_event(record.value) == original.event
        assert headers["hash"].decode() == original.hash.hex()
        assert headers["ce_source"].decode() == kafka.prefix


def test_two_relays_fence_each_other_and_one_stays(kafka: KafkaServer, database: str) -> None:
    settings, store = settings_of(kafka), seeded_at(database)
    make_topics(settings)
    old, young = open_relay(store, settings), open_relay(store, settings)
    drain(old.step)
    drain(young.step)
    seed.add_accounts(store, 2, first=3)
    with pytest.raises(Refusal, match="relay_fenced"):
        drain(old.step)
    drain(young.step)
    old.close()
    young.close()
    assert [one.position for one in published(settings)] == positions(store)


def test_another_history_under_the_same_prefix(
    kafka: KafkaServer, database: str, tmp_path: Path
) -> None:
    settings, store = settings_of(kafka), seeded_at(database)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True)
    with pytest.raises(Refusal, match="topic_prefix_taken"):
        open_relay(other, settings)
    assert other.fact(PREFIX) is None
    relay.close()


def test_a_relay_that_may_not_publish_fences_nobody(
    kafka: KafkaServer, database: str, tmp_path: Path
) -> None:
    """Not one of another history, however it came to the prefix, nor one over an old copy."""
    settings, store = settings_of(kafka), seeded_at(database)
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True)
    tie(other, settings, str(store.fact(CLUSTER)))
    stranger = open_relay(other, settings)
    with pytest.raises(Refusal, match="topic_prefix_taken"):
        stranger.step()
    old = Relay(_Older(store), KafkaEventLog(settings, "old"), _publisher(settings), "old")
    with pytest.raises(Refusal, match="history_behind_topics"):
        old.step()
    seed.add_accounts(store, 2, first=3)
    drain(relay.step)  # fenced it would be refused
    assert [one.position for one in published(settings)] == positions(store)
    for one in (stranger, old, relay):
        one.close()


class _Older(StoredHistory):
    """The same history as it was before its last event."""

    def read(self, after: int, most_events: int, most_bytes: int) -> Page:
        page = super().read(after, most_events, most_bytes)
        return page._replace(events=(), anchor="", head=after - 1)


def _publisher(settings: KafkaSettings) -> Publisher:
    return Publisher(open_codec(settings), settings.topic_prefix)


def test_a_broker_that_is_slow_for_a_moment_is_waited_for(
    own_kafka: OwnKafka, tmp_path: Path
) -> None:
    """A transaction has its longest time, and is not begun again before that is nearly over."""
    settings = settings_of(own_kafka)
    store = seeded_at(f"sqlite:///{tmp_path / 'history.db'}")
    make_topics(settings)
    relay = open_relay(store, settings)
    drain(relay.step)
    seed.add_accounts(store, 2, first=3)
    broker = own_kafka.server.running()
    assert broker is not None
    os.kill(broker.pid, signal.SIGSTOP)
    Timer(2.5, os.kill, (broker.pid, signal.SIGCONT)).start()
    drain(relay.step)
    relay.close()
    assert [one.position for one in published(settings)] == positions(store)
