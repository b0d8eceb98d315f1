"""An owner of a benchmark's own on real servers: a schema, topics, and a history to work on."""

import os
import resource
import secrets
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from consumers.worker import run_execution
from infra.kafka import clients, topics
from infra.kafka.settings import KafkaSettings, kafka_settings
from infra.stack.stack import Stack
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support import seed
from tests.support.servers import KafkaServer, delete_topics, drop_schema

DATABASE, KAFKA = "BILLSTREAM_DATABASE_URL", "BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"
OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


class Servers(NamedTuple):
    """A PostgreSQL that waits for its disk, and an Apache Kafka. `pids` are those of the servers
    that were started for this, by their names.
    """

    database: str
    bootstrap: str
    pids: Mapping[str, int] = {}


class Owner(NamedTuple):
    """An owner without history; `environment` is what a process of it is told."""

    url: str
    settings: KafkaSettings

    @property
    def environment(self) -> dict[str, str]:
        return {
            DATABASE: self.url,
            KAFKA: self.settings.kafka_bootstrap_servers,
            "BILLSTREAM_TOPIC_PREFIX": self.settings.topic_prefix,
        }


class Spent(NamedTuple):
    """What some work took: time on the clock, and this process's own processor time."""

    wall: float
    cpu: float


class Watch:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), _cpu()

    def spent(self) -> Spent:
        return Spent(perf_counter() - self._wall, _cpu() - self._cpu)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def servers() -> Generator[Servers]:
    """Those that the environment names, else a stack that is gone afterwards."""
    with ExitStack() as ends:
        named: Mapping[str, str] = os.environ
        pids: dict[str, int] = {}
        if not named.get(DATABASE, "").startswith("postgres") or KAFKA not in named:
            folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
            stack = Stack(folder / "stack")
            ends.callback(stack.down)
            named = stack.up()
            pids = {server.server: server.pid for server in stack.status() if server.pid}
        yield Servers(named[DATABASE].partition("?")[0], named[KAFKA], pids)


@contextmanager
def owner(on: Servers) -> Generator[Owner]:
    """Schema and topics with names of their own, dropped afterwards."""
    name = f"bench-{secrets.token_hex(4)}"
    schema = name.replace("-", "_")
    settings = kafka_settings(kafka_bootstrap_servers=on.bootstrap, topic_prefix=name)
    with closing(clients.admin(settings)) as admin:
        topics.create(admin, settings, topics.specs(settings, 1).values())
    try:
        yield Owner(f"{on.database}?schema={schema}", settings)
    finally:
        drop_schema(on.database, schema)
        delete_topics(KafkaServer(on.bootstrap, name))


def seeded(of: Owner, accounts: int) -> OwnedStore:
    """A history whose accounts are due in October, a package each."""
    store = open_store(of.url, create=True)
    seed.set_up(store)
    seed.add_accounts(store, accounts)
    return store


def run(store: OwnedStore) -> int:
    """Bills them all in this process; the number of events that came of it."""
    before = store.head.position
    run_execution(store, seed.queue(store, *OCTOBER))
    return store.head.position - before
