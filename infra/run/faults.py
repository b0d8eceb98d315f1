"""Which faults pass by themselves. Those are waited for; after any other the process ends."""

import random

from aggregates.refusal import Refusal
from commands.store import Conflict
from consumers.role import Unavailable
from infra.kafka.clients import KafkaUnreachable
from infra.store.errors import StoreError

PASSING = frozenset(
    {
        "busy",
        "database_locked",
        "database_read_only",
        "database_timeout",
        "database_unreachable",
        "disk_full",
        "kafka_failed",
    }
)
"""`database_read_only`: another server takes over; `kafka_failed`: a client that lost its place."""

FIRST, MOST = 0.1, 5.0
"""Seconds until the second try, and between later ones."""


def passes(error: BaseException) -> bool:
    """It is worth trying again."""
    if isinstance(error, Unavailable | Conflict):
        return True
    return isinstance(error, Refusal | StoreError) and error.code in PASSING


def not_the_commands(error: BaseException) -> bool:
    """The database cannot be used: no fault of the command that met it, which must not be put
    aside for it. A text that it cannot keep is the command's own.
    """
    return passes(error) or (isinstance(error, StoreError) and error.code != "text_not_storable")


def wants_new_clients(error: BaseException) -> bool:
    """The role is opened anew: Kafka's clients do not recover from everything."""
    return isinstance(error, KafkaUnreachable) or getattr(error, "code", "") == "kafka_failed"


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: capped, and never in step with others."""
    longest = min(MOST, FIRST * 2.0 ** min(failures, 16))
    return longest * random.uniform(0.5, 1.0)


def told(error: BaseException) -> dict[str, str]:
    """An error as a log line says it."""
    code = getattr(error, "code", type(error).__name__)
    return {"code": str(code), "reason": str(getattr(error, "sentence", error))}
