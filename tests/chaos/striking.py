"""What each fault does: a generator that yields until everything works again."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from infra.stack.server import Server
from tests.chaos.faults import BROKER, DATABASE, DUPLICATED, REORDERED, Fault
from tests.chaos.service import Order, Service
from tests.chaos.supervised import Place, Supervised
from tests.support.servers import OwnKafka, OwnPostgres

PATIENCE = 30.0
"""Seconds in which a process has to be gone that was asked to end: 10 are promised."""

Waiting = Iterator[None]


class Servers(NamedTuple):
    """A PostgreSQL and a broker that may be killed, with names of this life's own."""

    postgres: OwnPostgres
    kafka: OwnKafka


class Strike(NamedTuple):
    """`part` is what was struck: whoever strikes it again before it is over overtakes this one."""

    part: object
    waiting: Waiting


class Striking:
    """Strikes a fleet and its servers. `wrong` are the ends that were not as promised."""

    def __init__(self, servers: Servers, roles: Supervised, service: Service) -> None:
        self._servers = servers
        self._roles = roles
        self._service = service
        self._down: set[str] = set()
        self._threads = ThreadPoolExecutor(2)
        self.wrong: list[str] = []

    def strike(self, fault: Fault) -> Strike:
        """Nothing happens before the first step."""
        kind = fault.kind
        if kind == BROKER:
            return self._outage(fault, self._servers.kafka.server, signal.SIGKILL)
        if kind == DATABASE:
            return self._outage(fault, self._servers.postgres.server, signal.SIGQUIT)
        if kind == DUPLICATED:
            return Strike(fault, self._sent(self._service.duplicate))
        if kind == REORDERED:
            return Strike(fault, self._sent(self._service.reorder))
        if kind.endswith("a second one"):
            return Strike(fault, self._second(fault))
        place = self._roles.of(fault.subject, fault.pick)
        if kind.endswith("SIGKILL"):
            return Strike(place, self._killed(place))
        if kind.endswith("SIGTERM"):
            return Strike(place, self._asked_to_end(place))
        return Strike(place, self._paused(fault, place))

    def close(self) -> None:
        self._threads.shutdown()

    def _killed(self, place: Place) -> Waiting:
        place.kill()
        yield from _until(lambda: place.well)

    def _asked_to_end(self, place: Place) -> Waiting:
        running = place.running
        yield from self._end(place)
        if place.running is running:
            place.again()
        yield from _until(lambda: place.well)

    def _paused(self, fault: Fault, place: Place) -> Waiting:
        running = place.running
        place.pause()
        yield from _for(fault.lasts)
        if place.running is running and place.paused:
            place.wake()
        yield from _until(lambda: place.well)

    def _second(self, fault: Fault) -> Waiting:
        """It lives beside the other for a while and is then asked to end."""
        place = self._roles.add(fault.subject)
        yield from _until(lambda: place.well)
        yield from _for(fault.lasts)
        yield from self._end(place)
        self._roles.places.remove(place)

    def _end(self, place: Place) -> Waiting:
        place.ask_to_end()
        running, began = place.running, monotonic()
        while running.process.poll() is None:
            if monotonic() - began > PATIENCE:
                self.wrong.append(f"{place.role} does not end after SIGTERM")
                running.kill()
            yield
        status = running.process.returncode
        if status == -signal.SIGTERM and not running.said('"event": "ready"'):
            return  # it was still on its way to its beginning
        if status not in (0, -signal.SIGKILL) and not running.said("error: stopped_late"):
            self.wrong.append(f"{place.role} ended with {status} after SIGTERM")

    def _outage(self, fault: Fault, server: Server, how: signal.Signals) -> Strike:
        return Strike(server, self._away(fault, server, how))

    def _away(self, fault: Fault, server: Server, how: signal.Signals) -> Waiting:
        yield from _until(lambda: server.name not in self._down)
        self._down.add(server.name)
        if how == signal.SIGKILL:
            server.kill()
        else:
            server.stop(how)
        yield from _for(fault.lasts)
        starting = self._threads.submit(server.start)
        yield from _until(starting.done)
        starting.result()
        self._down.discard(server.name)
        yield from _until(lambda: self._roles.ready)

    def _sent(self, send: Callable[[], Order]) -> Waiting:
        order = send()
        yield from _until(order.is_over)


def _until(true: Callable[[], bool]) -> Waiting:
    while not true():
        yield


def _for(seconds: float) -> Waiting:
    until = monotonic() + seconds
    yield from _until(lambda: monotonic() > until)
