"""One process with any number of roles, each in a thread of its own until it is told to stop.

A fault that passes is waited for, with capped backoff and jitter, and the step is done again. Any
other fault of one role ends the process: its supervisor starts it again, and its log says why.
"""

import os
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

import structlog

from aggregates.refusal import Refusal
from consumers.role import Role
from infra.run import faults
from infra.run.health import Health
from infra.run.metrics import Metrics

PATIENCE = 10.0
"""Seconds that roles have to finish what they hold."""

HANGS = 300.0
"""Seconds in one step after which a role counts as hanging."""

log = structlog.get_logger()

Open = Callable[[], Role]


class Alarm(Protocol):
    """What tells the process to stop."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


class RoleThread(threading.Thread):
    """Runs one role. `opened` is set when it has begun, or when it could not."""

    def __init__(self, role: str, open_role: Open, stop: threading.Event, metrics: Metrics) -> None:
        super().__init__(name=role, daemon=True)
        self.role = role
        self.opened = threading.Event()
        self.error: BaseException | None = None
        self.doing = "begins"
        self.since = monotonic()
        self._open = open_role
        self._stop_event = stop
        self._metrics = metrics

    def run(self) -> None:
        structlog.contextvars.bind_contextvars(role=self.role)
        role: Role | None = None
        try:
            role = self._open()
            self._is("works")
            self.opened.set()
            self._work(role)
        except BaseException as error:
            self.error = error
        finally:
            self.opened.set()
            self.doing = "stopped"

    @property
    def hangs(self) -> bool:
        return self.doing == "works" and monotonic() - self.since > HANGS

    def _work(self, role: Role) -> None:
        """Steps until it is time to stop; then the role leaves its groups."""
        failures = 0
        found: Role | None = role
        try:
            while not self._stop_event.is_set():
                try:
                    found = found or self._open()
                    found.step()
                    failures = 0
                    self._is("works")
                except Exception as error:
                    if not faults.passes(error):
                        raise
                    failures += 1
                    found = self._after(error, failures, found)
        finally:
            if found is not None:
                found.close()

    def _after(self, error: Exception, failures: int, role: Role | None) -> Role | None:
        """Waits for a fault to pass; the role to go on with, None for a new one."""
        delay = faults.backoff(failures)
        self._is("waits")
        self._metrics.add("retries")
        log.warning("tried again", wait=round(delay, 2), failures=failures, **faults.told(error))
        if role is not None and faults.wants_new_clients(error):
            role.close()
            role = None
        self._stop_event.wait(delay)
        return role

    def _is(self, doing: str) -> None:
        self.doing = doing
        self.since = monotonic()
        self._metrics.ready(self.role, doing == "works")


class Process:
    """The roles of one process. `run` returns when it was told to stop and all have ended well; it
    raises the error of the first role that cannot go on.
    """

    def __init__(self, roles: Mapping[str, Open], metrics: Metrics, stop: threading.Event) -> None:
        self._stop = stop
        self.threads = [RoleThread(role, open_, stop, metrics) for role, open_ in roles.items()]

    def health(self) -> Health:
        doing = {thread.role: "hangs" if thread.hangs else thread.doing for thread in self.threads}
        alive = not any(state in ("hangs", "stopped") for state in doing.values())
        return Health(alive, all(state == "works" for state in doing.values()), doing)

    def run(self, alarm: Alarm, started: Callable[[], None] = lambda: None) -> None:
        for thread in self.threads:
            thread.start()
        self._until(alarm, lambda: all(thread.opened.is_set() for thread in self.threads))
        if not alarm.is_set() and not self._failed():
            started()
            self._until(alarm, lambda: False)
        self._end(alarm)

    def _until(self, alarm: Alarm, reached: Callable[[], bool]) -> None:
        while not (alarm.is_set() or self._failed() or reached()):
            alarm.wait(0.1)

    def _failed(self) -> list[RoleThread]:
        return [thread for thread in self.threads if thread.error is not None]

    def _end(self, alarm: Alarm) -> None:
        """Stops every role within its time; tells why when one did not go on."""
        self._stop.set()
        log.info("stopping", reason="asked" if alarm.is_set() else "a role cannot go on")
        until = monotonic() + PATIENCE
        for thread in self.threads:
            thread.join(max(0.0, until - monotonic()))
        late = [thread.role for thread in self.threads if thread.is_alive()]
        failed = self._failed()
        if failed:
            error = failed[0].error
            assert error is not None
            log.error("cannot go on", role=failed[0].role, **faults.told(error))
            raise error
        if late:
            raise Refusal(
                "stopped_late",
                f"{', '.join(late)} did not finish within {PATIENCE:.0f} seconds; what was in hand "
                "is done again by others",
                roles=late,
            )
        log.info("stopped", pid=os.getpid())
