"""Killed at any instant: a reader of committed messages misses nothing and sees nothing twice."""

import random
import signal
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread

import pytest
from tenacity import (
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
)

from infra.kafka.marks import last_mark
from infra.kafka.roles import open_relay
from infra.kafka.settings import KafkaSettings
from infra.run.faults import passes
from infra.store.owned import OwnedStore
from schemas.headers import read_event
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
from tests.kafka.verbs import PROGRAM, environment
from tests.support import seed
from tests.support.servers import KafkaServer, OwnKafka

pytestmark = pytest.mark.chaos


def start(settings: KafkaSettings, url: str, *roles: str, **more: str) -> "subprocess.Popen[str]":
    """Roles in a process of their own; it has begun when this answers."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", *roles, "--port", "0"],
        env=environment(settings, url, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "ready" in line:
            return process
    raise AssertionError(f"it did not begin: {said}")


def run_for(process: "subprocess.Popen[str]", seconds: float) -> None:
    """Lets it live so long, then kills it."""
    try:
        process.wait(timeout=seconds)
        raise AssertionError(f"it ended by itself with {process.returncode}")
    except subprocess.TimeoutExpired:
        end(process)


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


def finish(store: OwnedStore, settings: KafkaSettings) -> None:
    """Publishes what is left; a fault that passes is waited for, as `billstream run` does."""
    again = Retrying(retry=retry_if_exception(passes), stop=stop_after_attempt(10), reraise=True)
    again(_publish_all, store, settings)


def _publish_all(store: OwnedStore, settings: KafkaSettings) -> None:
    relay = open_relay(store, settings)
    try:
        drain(relay.step)
    finally:
        relay.close()


def assert_all_out_once(store: OwnedStore, settings: KafkaSettings) -> None:
    assert [one.position for one in published(settings)] == positions(store)
    versions: dict[bytes, list[int]] = defaultdict(list)
    for record in read_all(settings, event_topics(settings)):
        versions[record.key].append(read_event(record.headers).stream_version)
    assert all(found == sorted(found) for found in versions.values())


def _killed(kafka: KafkaServer, url: str, kills: int, seed_number: int) -> None:
    chance = random.Random(seed_number)
    settings, store = settings_of(kafka), seeded_at(url, 2_000)
    make_topics(settings)
    for number in range(kills):
        seed.add_accounts(store, 1_000, first=2_000 + number * 1_000)
        process = start(settings, url, "relay")
        run_for(process, chance.uniform(0.5, 4.0))
    assert len(published(settings)) > 0
    finish(store, settings)
    assert_all_out_once(store, settings)
    store.close()


def test_a_relay_killed_at_random_instants(kafka: KafkaServer, database: str) -> None:
    _killed(kafka, database, kills=5, seed_number=1)


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(5))
def test_a_relay_killed_very_often(kafka: KafkaServer, database: str, number: int) -> None:
    _killed(kafka, database, kills=20, seed_number=100 + number)


def test_two_relays_under_load(kafka: KafkaServer, database: str) -> None:
    """The younger one fences the other, which stands by."""
    settings, store = settings_of(kafka), seeded_at(database, 3_000)
    make_topics(settings)
    both = [start(settings, database, "relay") for _ in range(2)]
    said: Queue[str] = Queue()
    for one in both:
        Thread(target=_listen, args=(one, said), daemon=True).start()
    for number in range(300):
        seed.add_accounts(store, 10, first=10_000 + number * 10)
        if _says(said, "standing by"):
            break
    else:
        raise AssertionError("both relays go on")
    for one in both:
        end(one)
    finish(store, settings)
    assert_all_out_once(store, settings)
    store.close()


def _listen(process: "subprocess.Popen[str]", said: "Queue[str]") -> None:
    assert process.stderr is not None
    with suppress(ValueError):
        for line in process.stderr:
            said.put(line)


def _says(said: "Queue[str]", words: str) -> bool:
    with suppress(Empty):
        return words in said.get(timeout=0.3)
    return False


def test_a_broker_killed_under_load(own_kafka: OwnKafka, database: str) -> None:
    settings, store = settings_of(own_kafka), seeded_at(database, 2_000)
    make_topics(settings)
    process = start(settings, database, "relay")
    for number in range(2):
        seed.add_accounts(store, 1_000, first=2_000 + number * 1_000)
        own_kafka.server.kill()
        seed.add_accounts(store, 500, first=10_000 + number * 500)
        own_kafka.server.start()
    assert process.poll() is None
    end(process)
    finish(store, settings)
    assert_all_out_once(store, settings)
    store.close()


LONGEST = 2.0
"""Seconds that a transaction may last, in tests of relays that hang."""


@pytest.mark.parametrize("others", [0, 1])
def test_a_relay_that_hangs_longer_than_a_transaction_may_last(
    kafka: KafkaServer, database: str, others: int
) -> None:
    """The broker ends its transaction. It goes on, unless another has taken over meanwhile."""
    settings = settings_of(kafka, kafka_transaction_timeout=LONGEST)
    store = seeded_at(database, 5_000)
    make_topics(settings)
    timeout = {"BILLSTREAM_KAFKA_TRANSACTION_TIMEOUT": str(LONGEST)}
    hanging = start(settings, database, "relay", **timeout)
    said: Queue[str] = Queue()
    Thread(target=_listen, args=(hanging, said), daemon=True).start()
    seed.add_accounts(store, 5_000, first=5_000)
    hanging.send_signal(signal.SIGSTOP)
    second = [start(settings, database, "relay", **timeout) for _ in range(others)]
    seed.add_accounts(store, 1_000, first=10_000)
    _hang(hanging, LONGEST + 2)
    hanging.send_signal(signal.SIGCONT)
    seed.add_accounts(store, 1_000, first=11_000)
    _wait_for_mark(settings, store.head.position)
    assert hanging.poll() is None
    for one in (hanging, *second):
        end(one)
    assert_all_out_once(store, settings)
    store.close()


def _hang(process: "subprocess.Popen[str]", seconds: float) -> None:
    """It stays stopped for so long."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def _wait_for_mark(settings: KafkaSettings, position: int) -> None:
    """Until everything is out."""
    again = Retrying(retry=retry_if_result(lambda at: at < position), stop=stop_after_delay(60))
    again(lambda: mark.position if (mark := last_mark(settings)) else 0)
