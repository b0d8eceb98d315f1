"""How fast a run's events go from topics into view tables: one projector, PostgreSQL beside it."""

import threading
from contextlib import closing
from typing import NamedTuple

from consumers.role import Role
from infra.kafka.roles import open_relay
from infra.run.metrics import Metrics
from infra.run.roles import Setup, open_role
from infra.store.owned import OwnedStore
from infra.views import offsets
from schemas.topics import EVENT_TOPICS
from tests.benchmarks.kafka_owner import Owner, Servers, Spent, Watch, owner, run, seeded

ACCOUNTS = 20_000
PARTITIONS = len(EVENT_TOPICS) * 6


class Projected(NamedTuple):
    """Events of a run, and the views' rows behind them."""

    events: int
    spent: Spent

    @property
    def per_second(self) -> float:
        return self.events / self.spent.wall

    @property
    def per_cpu_second(self) -> float:
        return self.events / self.spent.cpu


def measure(on: Servers, accounts: int = ACCOUNTS) -> Projected:
    """All of the run lies on the topics before the clock starts; views hold the accounts."""
    with owner(on) as of, closing(seeded(of, accounts)) as store:
        _relay(of, store)
        with closing(open_projector(of)) as projector:
            _follow(projector, store)
            events = run(store)
            _relay(of, store)
            watch = Watch()
            _follow(projector, store)
            return Projected(events, watch.spent())


def open_projector(of: Owner) -> Role:
    return open_role("projector", Setup(of.url, of.settings, Metrics(), threading.Event()))


def _relay(of: Owner, store: OwnedStore) -> None:
    with closing(open_relay(store, of.settings)) as relay:
        while relay.step():
            pass


def _follow(projector: Role, store: OwnedStore) -> None:
    """Until every partition has been read."""
    head = store.head.position
    while projector.step() or _read(store) < head:
        pass


def _read(store: OwnedStore) -> int:
    """The position up to which all partitions were read."""
    found = offsets.all_offsets(store.views_database())
    return min((one.reached for one in found), default=0) if len(found) == PARTITIONS else 0
