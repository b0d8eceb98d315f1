"""Roles put together: each over a database connection and Kafka clients of its own."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic
from typing import NamedTuple

from consumers.collecting import Collecting, Collector
from consumers.projector import Projector
from consumers.role import Role
from consumers.spreading import RESEND, Spreading
from consumers.telling import Telling
from consumers.working import Working
from infra import personal_keys
from infra.gateway.open import open_gateway
from infra.kafka.codec import open_codec
from infra.kafka.marks import last_mark
from infra.kafka.progress import ProgressSender
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings
from infra.kafka.start import begin
from infra.kafka.topic_reader import TopicReader
from infra.kafka.topics import RELAY
from infra.kafka.work_queue import SESSION_MS, WorkQueue, WorkSender
from infra.run.attempts import StoredAttempts
from infra.run.isolated import Isolated
from infra.run.metrics import Metrics
from infra.run.standby import Standby
from infra.run.turns import StoredTurns
from infra.run.worker_name import worker_name
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from infra.views.from_topics import TopicViews
from schemas.topics import EVENT_TOPICS, PROGRESS, WORK

WORKERS, PROJECTORS = "workers", "projectors"
"""Consumer groups, without the owner's prefix."""


class Setup(NamedTuple):
    """What roles are opened with. `database` is a URL with its secrets."""

    database: str
    kafka: KafkaSettings
    metrics: Metrics
    stop: threading.Event
    resend: float = RESEND
    session_ms: int = SESSION_MS


def group(settings: KafkaSettings, name: str) -> str:
    """A consumer group of the owner."""
    return f"{settings.topic_prefix}.{name}"


def _relay(store: OwnedStore, setup: Setup) -> Role:
    def waiting() -> tuple[int, bool]:
        mark = last_mark(setup.kafka)
        position = mark.position if mark else 0
        return position, position < store.head.position

    return Standby(lambda: open_relay(store, setup.kafka, setup.metrics), waiting, setup.stop.wait)


def _commands(store: OwnedStore, setup: Setup) -> Role:
    return open_commands(store, setup.kafka, setup.metrics, setup.session_ms)


def _projector(store: OwnedStore, setup: Setup) -> Role:
    called = begin(store, setup.kafka, [*EVENT_TOPICS, RELAY])
    topics = {carries: called[carries] for carries in EVENT_TOPICS}
    return Projector(
        lambda start: TopicReader(
            setup.kafka, topics, group(setup.kafka, PROJECTORS), start, setup.session_ms
        ),
        TopicViews(store, topics.values()),
        open_codec(setup.kafka),
        setup.metrics,
        clock=monotonic,
    )


def _worker(store: OwnedStore, setup: Setup) -> Role:
    called = begin(store, setup.kafka, [WORK])
    queue = WorkQueue(setup.kafka, called[WORK], group(setup.kafka, WORKERS), setup.session_ms)
    attempts = StoredAttempts(store.views_database())
    isolated = Isolated(setup.database)
    return Working(store, queue, attempts, isolated, setup.metrics, name=worker_name())


def _scheduler(store: OwnedStore, setup: Setup) -> Role:
    called = begin(store, setup.kafka, [WORK, PROGRESS])
    turns = StoredTurns(store.views_database(), f"{worker_name()}:{token_hex(4)}")
    sender = WorkSender(setup.kafka, called[WORK])
    telling = Telling(
        store,
        turns,
        ProgressSender(setup.kafka, called[PROGRESS]),
        turns.me,
        lambda: datetime.now(UTC),
    )
    return Spreading(store, sender, setup.stop.wait, setup.metrics, setup.resend, telling=telling)


def _collector(store: OwnedStore, setup: Setup) -> Role:
    gateway = open_gateway()
    collector = Collector(store, gateway, personal_keys, setup.metrics)
    return Collecting(collector, setup.stop.wait)


_OPEN: dict[str, Callable[[OwnedStore, Setup], Role]] = {
    "relay": _relay,
    "projector": _projector,
    "commands": _commands,
    "worker": _worker,
    "scheduler": _scheduler,
    "collector": _collector,
}

ROLES = tuple(_OPEN)


class _Owning:
    """A role with the store that was opened for it."""

    def __init__(self, role: Role, store: OwnedStore) -> None:
        self._role = role
        self._store = store
        self.step = role.step

    @property
    def name(self) -> str:
        return self._role.name

    def close(self) -> None:
        try:
            self._role.close()
        finally:
            self._store.close()


def open_role(role: str, setup: Setup) -> Role:
    """Opens a role, in the thread that will run it."""
    store = open_store(setup.database)
    try:
        return _Owning(_OPEN[role](store, setup), store)
    except BaseException:
        store.close()
        raise
