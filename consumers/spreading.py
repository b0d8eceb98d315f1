"""The scheduler when work is spread: fires schedules, cuts what is due, sends the chunks, and ends
executions whose chunks are done. Any number may run: every step is a transaction that happens once.
"""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Protocol

import structlog

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId, text
from aggregates.refusal import Refusal
from commands import firing
from commands.corrections.reversing import carry_on_in_steps
from commands.executions import find_execution, finish_execution, start_execution
from commands.store import Store
from consumers.remaining import Remaining
from consumers.role import OF_THE_PROCESS, Meter, Silent
from consumers.telling import Telling
from consumers.work import Sending, Work

RESEND = 20.0
"""Seconds without any chunk done after which what is left is sent again."""

log = structlog.get_logger()


class MarkingStore(Store, Protocol):
    """A store that others can ask who runs what."""

    def mark_running(self, execution: StreamId) -> None: ...

    def unmark(self, execution: StreamId) -> None: ...


class _Followed:
    """An execution that this process sees to its end."""

    def __init__(self, remaining: Remaining, now: float) -> None:
        self.remaining = remaining
        self.moved = now


class Spreading:
    """The role `scheduler`. `pause` waits for so many seconds, or less when it has to stop;
    `telling` is told of what is followed here.
    """

    name = "scheduler"

    def __init__(
        self,
        store: MarkingStore,
        sending: Sending,
        pause: Callable[[float], object],
        meter: Meter | None = None,
        resend: float = RESEND,
        poll: float = 0.25,
        telling: Telling | None = None,
    ) -> None:
        self._store = store
        self._sending = sending
        self._pause = pause
        self._meter = meter or Silent()
        self._resend = resend
        self._poll = poll
        self._telling = telling
        self._followed: dict[StreamId, _Followed] = {}
        self._refused: set[StreamId] = set()
        self._reversing: Iterator[None] | None = None

    def step(self) -> bool:
        with self._store.snapshot() as reading:
            open_now = firing.unfinished(reading)
        self._refused &= set(open_now)
        moved = False
        for execution in open_now:
            if execution not in self._refused:
                moved |= self._advance(execution)
        for execution in set(self._followed) - set(open_now):
            self._leave(execution)
        if self._telling is not None:
            self._telling.step({one: found.remaining for one, found in self._followed.items()})
        moved |= self._fire()
        moved |= self._reverse()
        if not moved:
            self._pause(self._poll)
        return moved

    def close(self) -> None:
        for execution in list(self._followed):
            self._leave(execution)
        if self._telling is not None:
            self._telling.close()
        self._sending.close()

    def _fire(self) -> bool:
        """Fires what is due, one after the other: not before the last execution has ended."""
        due, now = firing.next_due(self._store), self._store.now()
        if due is None or due.at > now:
            return False
        fired = firing.fire(self._store, due.schedule, now, self._refused)
        if fired is None:
            return False
        execution = text(fired.execution) if fired.execution else None
        log.info("schedule fired", schedule=text(fired.schedule), correlation_id=execution)
        return True

    def _reverse(self) -> bool:
        """One chunk of a reversal, if there is any: schedules and runs do not wait for its end."""
        going, self._reversing = self._reversing or carry_on_in_steps(self._store), None
        for _ in going:
            self._reversing = going
            return True
        return False

    def _advance(self, execution: StreamId) -> bool:
        """One look at an execution that has not ended; True if something came of it."""
        with self._store.snapshot() as reading:
            state: ExecutionState = find_execution(reading, execution).state
        if state.status == "queued":
            return self._start(execution)
        if state.status in FINISHED:
            return False
        followed = self._followed.get(execution)
        if followed is None:
            try:
                followed = self._follow(execution)
            except Refusal as refusal:
                self._refuse(execution, refusal)
                return False
        if state.cancel_requested:
            self._ended(execution, finish_execution(self._store, followed.remaining.running))
            return True
        if followed.remaining.look():
            followed.moved = monotonic()
        if (ended := followed.remaining.finish()) is not None:
            self._ended(execution, ended)
            return True
        if monotonic() - followed.moved >= self._resend:
            self._send(followed, "work sent again")
            self._meter.add("retries")
        return False

    def _start(self, execution: StreamId) -> bool:
        try:
            start_execution(self._store, execution)
            followed = self._follow(execution)
        except Refusal as refusal:
            self._refuse(execution, refusal)
            return False
        followed.remaining.look()  # so that what comes next counts for the rate
        self._send(followed, "execution started")
        return True

    def _refuse(self, execution: StreamId, refusal: Refusal) -> None:
        """One that cannot be run must not keep the others from running. What says nothing about
        the execution itself goes on to whoever runs the role.
        """
        if refusal.code in OF_THE_PROCESS:
            raise refusal
        self._refused.add(execution)
        self._meter.add("executions_refused")
        log.error(
            "execution refused",
            correlation_id=text(execution),
            code=refusal.code,
            reason=refusal.sentence,
        )

    def _follow(self, execution: StreamId) -> _Followed:
        found = self._followed[execution] = _Followed(
            Remaining(self._store, execution), monotonic()
        )
        self._store.mark_running(execution)
        return found

    def _send(self, followed: _Followed, said: str) -> None:
        remaining = followed.remaining
        self._sending.send(Work(remaining.execution, index) for index in remaining.chunks)
        followed.moved = monotonic()
        log.info(said, correlation_id=text(remaining.execution), chunks=len(remaining.chunks))

    def _ended(self, execution: StreamId, state: ExecutionState) -> None:
        counts = state.counts
        log.info(
            "execution ended",
            correlation_id=text(execution),
            status=state.status,
            packages=counts.packages_billed,
            invoices=counts.invoices_generated,
            failed=counts.failed,
            left_behind=counts.left_behind,
        )
        self._meter.add("executions")
        self._leave(execution)

    def _leave(self, execution: StreamId) -> None:
        if self._followed.pop(execution, None) is not None:
            self._store.unmark(execution)
