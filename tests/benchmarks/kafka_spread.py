"""Work spread by Kafka: two workers beside one, and all roles together until views show it all."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, Self

from aggregates.identity import StreamId
from infra.kafka.marks import last_mark
from infra.views import offsets
from schemas.topics import EVENT_TOPICS
from tests.benchmarks.bench import settle
from tests.benchmarks.kafka_owner import OCTOBER, Servers, owner, seeded
from tests.benchmarks.processor import Processor
from tests.kafka_work.processes import fleet, wait_until
from tests.kafka_work.runs import share_work
from tests.support import seed

WORKED, DRAINED = 40_000, 60_000
PARTITIONS = len(EVENT_TOPICS) * 6
PATIENCE = 120.0


class Workers(NamedTuple):
    """The same run, by so many workers; seconds from its start to its end in history."""

    accounts: int
    seconds: dict[int, float]

    @property
    def gain(self) -> float:
        """What the second worker brings."""
        return self.seconds[1] / self.seconds[2]


class Drained(NamedTuple):
    """A run with relay and projector beside it. Seconds since it was started, and seconds of
    processor time by who used it.
    """

    accounts: int
    events: int
    run: float
    relayed: float
    projected: float
    used: Mapping[str, float]

    @property
    def per_second(self) -> float:
        return self.events / self.projected

    @property
    def times_run(self) -> float:
        return self.projected / self.run


def measure_workers(on: Servers, accounts: int = WORKED) -> Workers:
    return Workers(accounts, {count: _worked(on, accounts, count) for count in (1, 2)})


def measure_drained(on: Servers, accounts: int = DRAINED) -> Drained:
    """Two workers bill while the relay publishes and the projector follows. It ends when nothing
    is behind.
    """
    with _Work(on, accounts) as work:
        work.start("relay", "projector")
        work.until(lambda: work.projected() >= work.head())
        work.start("scheduler", "worker", "worker")
        work.joined(2)
        work.settle()
        before, processor, began = work.head(), work.processor(), perf_counter()
        execution = work.queue()
        work.until(lambda: work.ended(execution))
        ran, head = perf_counter() - began, work.head()
        work.until(lambda: work.relayed() >= head)
        relayed = perf_counter() - began
        work.until(lambda: work.projected() >= head)
        projected = perf_counter() - began
        return Drained(accounts, head - before, ran, relayed, projected, processor.spent())


def _worked(on: Servers, accounts: int, workers: int) -> float:
    with _Work(on, accounts) as work:
        work.start("scheduler", *["worker"] * workers)
        work.joined(workers)
        execution = work.queue()
        work.until(lambda: work.ended(execution))
        return work.took()


class _Work:
    """A seeded owner and its processes."""

    def __init__(self, on: Servers, accounts: int) -> None:
        self._ends = ExitStack()
        self._database, self._servers = on.database, on.pids
        self._pids: dict[str, list[int]] = {}
        self._of = self._ends.enter_context(owner(on))
        folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory()))
        self._store = self._ends.enter_context(closing(seeded(self._of, accounts)))
        told = {**self._of.environment, "PYTHONWARNINGS": "ignore"}
        self._fleet = self._ends.enter_context(fleet(told, folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def start(self, *roles: str) -> None:
        """A process a role."""
        started = [self._fleet.start(role) for role in roles]
        for role, process in zip(roles, started, strict=True):
            self._pids.setdefault(role, []).append(process.process.pid)
            process.ready()

    def settle(self) -> None:
        """Nothing of the set-up is paid for later."""
        settle(self._database, self._of.url)

    def processor(self) -> Processor:
        """Of the roles and the servers, from now on."""
        return Processor({**self._pids, **{name: [pid] for name, pid in self._servers.items()}})

    def joined(self, workers: int) -> None:
        """Waits until so many workers share the topic of work."""
        self.until(lambda: share_work(self._of.settings, workers))

    def queue(self) -> StreamId:
        return seed.queue(self._store, *OCTOBER)

    def head(self) -> int:
        return self._store.head.position

    def relayed(self) -> int:
        mark = last_mark(self._of.settings)
        return mark.position if mark else 0

    def projected(self) -> int:
        """The position up to which every partition has been read."""
        found = offsets.all_offsets(self._store.views_database())
        return min((one.reached for one in found), default=0) if len(found) == PARTITIONS else 0

    def ended(self, execution: StreamId) -> bool:
        with self._store.proving() as database:
            query = "SELECT 1 FROM events WHERE stream = ? AND topic = 'execution.completed'"
            return database.execute(query, (execution,)).fetchone() is not None

    def took(self) -> float:
        """From the start of the execution to its end, by the server's clock."""
        query = """
            SELECT max(at) - min(at) FROM events
            WHERE topic IN ('execution.started', 'execution.completed')
        """
        with self._store.proving() as database:
            return float(database.execute(query).fetchone()[0]) / 1_000_000

    def until(self, true: Callable[[], bool]) -> None:
        """Looks now and then: who looks all the time uses the processor that is measured."""
        wait_until(true, PATIENCE, pause=0.1)
