"""Where processor time goes: what each of several groups of processes uses, children included."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import process_time

import psutil


class Processor:
    """Begins when it is made. Groups are pids by name; PostgreSQL's is that of its first process,
    whose children serve the connections. This process, which only watches, is one of its own.
    """

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = groups
        self._before = self._now()

    def spent(self) -> dict[str, float]:
        """Seconds of processor time by group since the beginning."""
        return {name: used - self._before[name] for name, used in self._now().items()}

    def _now(self) -> dict[str, float]:
        found = {name: sum(map(_used, pids)) for name, pids in self._groups.items()}
        return {**found, "watching": process_time()}


def _used(pid: int) -> float:
    """By a process, by those of its children that have ended, and by those that run."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        times = process.cpu_times()
        used = times.user + times.system + times.children_user + times.children_system
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                used += times.user + times.system
        return used
    return 0.0
