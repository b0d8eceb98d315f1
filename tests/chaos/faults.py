"""What goes wrong, and when: a plan made from chance. The same seed makes the same plan."""

import random
from collections.abc import Sequence
from typing import NamedTuple

ROLES = ("relay", "projector", "commands", "worker", "scheduler")

SESSION = 2.0
"""Seconds without a sign of life after which others take over, in these runs."""

TRANSACTION = 3.0
"""Seconds that a transaction of the relay may last, in these runs."""

BROKER = "broker: SIGKILL"
DATABASE = "PostgreSQL: immediate stop"
DUPLICATED = "commands: duplicated"
REORDERED = "commands: reordered"

KINDS: dict[str, float] = {
    **{f"{role}: SIGKILL": 9.0 for role in ROLES},
    **{f"{role}: paused past its session": 2.0 for role in ROLES},
    "worker: SIGTERM": 3.0,
    "scheduler: a second one": 6.0,
    "relay: a second one": 3.0,
    BROKER: 6.0,
    DATABASE: 7.0,
    DUPLICATED: 8.0,
    REORDERED: 8.0,
}
"""How often each comes, beside the others."""


class Fault(NamedTuple):
    """`after` so many seconds it begins, and after `lasts` seconds it is over; `pick` is a number
    between 0 and 1 that says which of several is hit.
    """

    kind: str
    after: float
    lasts: float
    pick: float

    @property
    def subject(self) -> str:
        return self.kind.partition(":")[0]


def plan(seed: int, count: int, pace: float) -> list[Fault]:
    """So many faults, `pace` seconds apart on average. Each kind comes once before chance decides
    alone.
    """
    chance = random.Random(seed)
    names, weights = list(KINDS), list(KINDS.values())
    kinds = chance.sample(names, min(count, len(names)))
    kinds += chance.choices(names, weights, k=count - len(kinds))
    return [_fault(chance, kind, pace) for kind in kinds]


def _fault(chance: random.Random, kind: str, pace: float) -> Fault:
    return Fault(
        kind,
        chance.uniform(0.1, 2 * pace - 0.1),
        chance.uniform(*_lengths(kind)),
        chance.random(),
    )


def _lengths(kind: str) -> Sequence[float]:
    match kind.partition(": ")[2]:
        case "paused past its session":
            return (max(SESSION, TRANSACTION) + 0.5, max(SESSION, TRANSACTION) + 2)
        case "a second one":
            return (1.0, 5.0)
        case _:
            return (0.1, 1.5)
