"""Topic `progress`: what a reader sees of a run, and what a broker that is away costs it."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from aggregates.identity import StreamId, text
from consumers.spreading import Spreading
from consumers.telling import EVERY, Telling
from consumers.worker import unfinished
from consumers.working import Working
from infra.kafka.codec import open_codec
from infra.kafka.progress import ProgressSender
from infra.kafka.settings import KafkaSettings
from infra.kafka.topics import topic_names
from infra.run.attempts import StoredAttempts
from infra.run.isolated import Isolated
from infra.run.metrics import Metrics
from infra.run.roles import Setup, open_role
from infra.run.turns import StoredTurns
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from schemas.progress import PROGRESS, ExecutionProgress, decode_progress
from tests.kafka.support import make_topics, read_all, settings_of
from tests.kafka.verbs import Operator
from tests.kafka_work.processes import wait_until
from tests.kafka_work.test_parts import Line
from tests.support import seed
from tests.support.servers import KafkaServer, OwnKafka

ACCOUNTS, CHUNKS = 40, 8


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.billing.scope.PACKAGES_A_CHUNK", ACCOUNTS // CHUNKS)


@pytest.fixture
def store(postgres_url: str) -> Iterator[OwnedStore]:
    with closing(open_store(postgres_url, create=True)) as found:
        seed.set_up(found)
        seed.add_accounts(found, ACCOUNTS)
        yield found


def queue(store: OwnedStore) -> StreamId:
    return seed.queue(store, date(2020, 10, 1), date(2020, 10, 31))


def topic_of(settings: KafkaSettings) -> str:
    return topic_names(settings.topic_prefix, 1)["progress"]


def read(settings: KafkaSettings) -> list[ExecutionProgress]:
    codec = open_codec(settings)
    return [decode_progress(codec, one.value) for one in read_all(settings, [topic_of(settings)])]


def is_told(settings: KafkaSettings) -> bool:
    return any(one.is_last for one in read(settings))


@pytest.mark.parametrize("registered", [False, True], ids=["single objects", "registry"])
def test_a_run_is_told_on_its_topic(
    kafka: KafkaServer, store: OwnedStore, request: pytest.FixtureRequest, registered: bool
) -> None:
    more: dict[str, Any] = {}
    if registered:
        more["schema_registry_url"] = request.getfixturevalue("registry_url")
    settings = settings_of(kafka, **more)
    make_topics(settings)
    execution = queue(store)
    setup = Setup(store.opening, settings, Metrics(), threading.Event())
    with ExitStack() as stack:
        scheduler, worker = (
            stack.enter_context(closing(open_role(role, setup))) for role in ("scheduler", "worker")
        )
        scheduler.step()
        while unfinished(store):
            worker.step()
            scheduler.step()
        while not is_told(settings):
            scheduler.step()
    records = read_all(settings, [topic_of(settings)])
    assert {one.key for one in records} == {text(execution).encode()}
    for record in records:
        above = dict(record.headers)
        assert above["ce_type"].decode() == PROGRESS
        assert above["correlation_id"].decode() == text(execution)
        assert above["content-type"] == b"application/avro"
        assert not {"position", "stream_version", "hash"} & set(above)
        assert record.value[:1] == (b"\0" if registered else b"\xc3")
    first, *_, last = read(settings)
    assert (first.status, first.chunks_done, first.chunks) == ("running", 0, CHUNKS)
    assert dict(records[-1].headers)["ce_id"].decode() == f"{text(execution)}/progress/end"
    shown = json.loads(
        Operator(settings, store.opening).must("execution", "show", text(execution), "--json")
    )
    for count in ("packages_billed", "cycles_billed", "invoices_generated", "failed"):
        assert getattr(last, count) == shown[count]
    assert (last.status, last.left_behind) == (shown["status"], shown["left_behind"])
    assert (last.packages_billed, last.chunks_done, last.remaining_seconds) == (
        (ACCOUNTS, CHUNKS, 0)
    )
    (only,) = last.workers
    assert (only.packages_billed, only.chunks_done) == (ACCOUNTS, CHUNKS)
    assert ":" in only.worker


def spread(
    store: OwnedStore, settings: KafkaSettings, line: Line
) -> tuple[Spreading, ProgressSender]:
    """A scheduler whose work goes another way than its progress."""
    sender = ProgressSender(settings, topic_of(settings))
    turns = StoredTurns(store.views_database(), "one")
    telling = Telling(store, turns, sender, "one", lambda: datetime.now(UTC))
    return Spreading(store, line, lambda _: None, resend=60, telling=telling), sender


def test_a_run_ends_while_the_broker_is_away(own_kafka: OwnKafka, store: OwnedStore) -> None:
    """What it was is told when the broker is back."""
    settings = settings_of(own_kafka)
    make_topics(settings)
    line = Line()
    execution = queue(store)
    scheduler, sender = spread(store, settings, line)
    worker = Working(
        store, line, StoredAttempts(store.views_database()), Isolated(store.opening), wait=0
    )
    with closing(worker), closing(scheduler):
        own_kafka.server.kill()
        while unfinished(store):
            scheduler.step()
            worker.step()
        assert not sender.has_arrived(text(execution))
        own_kafka.server.start()
        while not sender.has_arrived(text(execution)):
            scheduler.step()
    last = read(settings)[-1]
    assert (last.status, last.packages_billed) == ("completed", ACCOUNTS)


def test_a_sender_that_cannot_send_is_not_waited_for(own_kafka: OwnKafka) -> None:
    """Messages pile up nowhere: the newest takes the place of the one before."""
    settings = settings_of(own_kafka)
    make_topics(settings)
    sender = ProgressSender(settings, topic_of(settings))
    own_kafka.server.kill()
    for done in range(1000):
        sender.announce(_about("running", done))
    sender.announce(_about("completed", 1000))
    assert not sender.has_arrived("e")
    own_kafka.server.start()
    again = datetime.now(UTC)
    while not sender.has_arrived("e"):
        if (datetime.now(UTC) - again).total_seconds() > EVERY:
            sender.announce(_about("completed", 1000))
            again = datetime.now(UTC)
    sender.close()
    found = read(settings)
    assert found[-1].is_last
    assert len(found) < 10


def test_only_so_many_arrivals_are_remembered(
    kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.kafka.progress.KEPT", 2)
    settings = settings_of(kafka)
    make_topics(settings)
    sender = ProgressSender(settings, topic_of(settings))
    for execution in ("a", "b", "c"):
        wait_until(partial(_arrives, sender, execution), pause=0.5)
    assert sum(sender.has_arrived(execution) for execution in ("a", "b", "c")) == 2
    sender.close()


def _arrives(sender: ProgressSender, execution: str) -> bool:
    """Told again until it has, as whoever tells does."""
    if not sender.has_arrived(execution):
        sender.announce(_about("completed", 1, execution))
    return sender.has_arrived(execution)


def _about(status: str, done: int, execution: str = "e") -> ExecutionProgress:
    return ExecutionProgress(
        execution=execution,
        bill_run="Default",
        status=status,
        at=datetime.now(UTC),
        chunks_done=done,
        chunks=1000,
        packages_billed=done,
        cycles_billed=done,
        invoices_generated=done,
        failed=0,
        left_behind=0,
    )
