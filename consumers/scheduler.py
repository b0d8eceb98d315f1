"""The clock that fires schedules: the loop and nothing else.

Each execution runs to its end before the next schedule fires, so that two runs over the same
accounts bill one after the other, in the order they fell due (design decision 22).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from aggregates.identity import StreamId
from commands.firing import Fired, fire, next_due
from commands.store import Store

Execute = Callable[[StreamId], None]
"""Runs an execution to its end."""

Recover = Callable[[], None]
"""Finishes the executions that a dead process left running."""


class Sandbox(Store, Protocol):
    """A store whose clock moves only when it is told to."""

    def set_clock(self, at: datetime) -> None: ...


class Alarm(Protocol):
    """What wakes the scheduler to stop it; `threading.Event` is one."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


def run_until(store: Sandbox, until: datetime, execute: Execute, recover: Recover) -> list[Fired]:
    """Moves a sandbox's clock, firing every schedule that falls due on the way, each at its own
    time, one after the other.
    """
    recover()
    done: list[Fired] = []
    while (due := next_due(store)) is not None and due.at <= until:
        now = max(store.now(), due.at)
        store.set_clock(now)
        fired = fire(store, due.schedule, now)
        if fired is None:
            continue
        if fired.execution is not None:
            execute(fired.execution)
        done.append(fired)
    if until > store.now():
        store.set_clock(until)
    return done


def run(store: Store, execute: Execute, recover: Recover, stop: Alarm, poll: float = 5.0) -> None:
    """Fires what is due until it is stopped. It looks at least every `poll` seconds, for others
    may have scheduled something or left an execution behind.
    """
    while not stop.is_set():
        recover()
        now = store.now()
        due = next_due(store)
        if due is not None and due.at <= now:
            fired = fire(store, due.schedule, now)
            if fired is not None and fired.execution is not None:
                execute(fired.execution)
            continue
        left = poll if due is None else (due.at - now).total_seconds()
        stop.wait(min(left, poll))
