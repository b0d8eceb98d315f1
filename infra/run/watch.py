"""Looks every few seconds how far consumers are behind, for `/metrics`."""

import threading

import structlog

from infra.kafka.inbox import group_of
from infra.kafka.settings import KafkaSettings
from infra.run import faults
from infra.run.lag import LagWatch
from infra.run.roles import WORKERS, Setup, group
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from schemas.topics import COMMANDS, WORK

EVERY = 5.0
"""Seconds between two looks."""

log = structlog.get_logger()


def open_watch(store: OwnedStore, settings: KafkaSettings) -> LagWatch:
    """A watch over the owner's groups."""
    groups = {COMMANDS: group_of(settings), WORK: group(settings, WORKERS)}
    return LagWatch(store, settings, groups)


class Watch(threading.Thread):
    """Lives as long as its process is not told to stop; what it cannot see, it sees later."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(name="watch", daemon=True)
        self._setup = setup

    def start(self) -> None:
        super().start()

    def join(self, timeout: float | None = None) -> None:
        if self.ident is not None:
            super().join(timeout)

    def run(self) -> None:
        while not self._setup.stop.is_set():
            try:
                self._look()
            except Exception as error:
                log.debug("lag not known", **faults.told(error))
                self._setup.stop.wait(EVERY)

    def _look(self) -> None:
        store = open_store(self._setup.database)
        try:
            watch = open_watch(store, self._setup.kafka)
            try:
                while not self._setup.stop.is_set():
                    for one in watch.look():
                        self._setup.metrics.lag(one.consumer, one.events, one.seconds)
                    self._setup.stop.wait(EVERY)
            finally:
                watch.close()
        finally:
            store.close()
