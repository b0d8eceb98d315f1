"""How many processes are worth starting on this machine."""

import os

MOST = 4
"""Processes at most: each may hold two connections to the database."""


def cores() -> int:
    """As many processes as can run at once here, up to a few."""
    allowed = getattr(os, "sched_getaffinity", None)  # not every system has it
    return min(MOST, len(allowed(0)) if allowed else os.cpu_count() or 1)
