"""A relay that another one has fenced waits beside it, and takes over when that one stands still.

So every process may run a relay, and one of them publishes.
"""

from collections.abc import Callable
from time import monotonic

import structlog

from aggregates.refusal import Refusal
from consumers.role import Role

STILL = 5.0
"""Seconds without a step of the other relay, with events waiting, after which we take over."""

log = structlog.get_logger()


class Standby:
    """Is the role it stands for. `waiting` answers the position that was published last, and
    whether there is more to publish.
    """

    def __init__(
        self,
        open_role: Callable[[], Role],
        waiting: Callable[[], tuple[int, bool]],
        pause: Callable[[float], object],
        still: float = STILL,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._open = open_role
        self._waiting = waiting
        self._pause = pause
        self._still = still
        self._clock = clock
        self._role: Role | None = open_role()
        self._seen = (-1, 0.0)

    @property
    def name(self) -> str:
        return "relay"

    def step(self) -> bool:
        if self._role is None:
            self._watch()
            return False
        try:
            return self._role.step()
        except Refusal as refusal:
            if refusal.code != "relay_fenced":
                raise
            log.info("another relay publishes: standing by")
            self._role.close()
            self._role = None
            self._seen = (-1, self._clock())
            return False

    def close(self) -> None:
        if self._role is not None:
            self._role.close()

    def _watch(self) -> None:
        self._pause(min(1.0, self._still))
        position, more = self._waiting()
        if position != self._seen[0] or not more:
            self._seen = (position, self._clock())
        elif self._clock() - self._seen[1] >= self._still:
            log.info("the other relay stands still: taking over")
            self._role = self._open()
