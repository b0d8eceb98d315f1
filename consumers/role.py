"""What `billstream run` runs: a role does a little work at a time until it is stopped.

Who runs a role calls `step` again and again in one thread, and `close` in the same thread at the
end. So a role needs no threads, no signals and no loop of its own.
"""

from typing import Protocol


class Unavailable(Exception):
    """Something outside is away for a while: a database, a broker. The step is tried again with
    capped backoff and jitter; nothing was skipped. The text says what is away, without secrets.
    """


OF_THE_PROCESS = frozenset({"busy", "newer_history"})
"""Refusals that say nothing about the piece of work that met them."""


class Role(Protocol):
    """One listener: relay, projector, commands, worker or scheduler."""

    @property
    def name(self) -> str:
        """As `billstream run` takes it."""
        ...

    def step(self) -> bool:
        """At most one batch or chunk. It waits at most about a second when there is nothing to
        do. True: something was done; False: nothing was there.

        Raises Unavailable to be tried again later, and Refusal when it cannot go on before
        somebody acts: the process then ends with status 1 and says why.
        """
        ...

    def close(self) -> None:
        """Leaves its groups and closes what it opened. Always called, also after an error."""
        ...


class Meter(Protocol):
    """Where a role tells what it does, for `/metrics`. Names are those of `infra.run.metrics`."""

    def add(self, name: str, amount: float = 1) -> None:
        """A counter goes up: relayed, commands, dead_letters, retries, billed, failures."""
        ...

    def lag(self, role: str, events: int, seconds: float) -> None:
        """How far a role is behind."""
        ...


class Silent:
    """A meter for those who need none."""

    def add(self, name: str, amount: float = 1) -> None:
        pass

    def lag(self, role: str, events: int, seconds: float) -> None:
        pass
