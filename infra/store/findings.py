"""What a check of history found, named so that a person can look at it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from aggregates.identity import StreamId, text

KEPT = 100
"""Findings kept in full; more are only counted, so that memory stays flat."""

Progress = Callable[[int, int], None]
"""Told how many of how many events have been gone through."""


class Finding(NamedTuple):
    """Something wrong. `code` is stable; position, stream and type say where, where known."""

    code: str
    sentence: str
    position: int | None = None
    stream: str | None = None
    type: str | None = None


@dataclass(slots=True)
class Findings:
    """Collects what is wrong, the first culprits in full."""

    kept: list[Finding] = field(default_factory=list[Finding])
    count: int = 0

    def add(
        self,
        code: str,
        sentence: str,
        position: int | None = None,
        stream: StreamId | None = None,
        type: str | None = None,
    ) -> None:
        self.count += 1
        if len(self.kept) < KEPT:
            written = text(stream) if isinstance(stream, bytes) else stream
            self.kept.append(Finding(code, sentence, position, written, type))

    def between(self, first: int, last: int) -> "Findings":
        """Those from the `first` (counted from 0) to before the `last`."""
        return Findings(self.kept[first:last], last - first)

    def extend(self, later: "Findings") -> None:
        """Adds what was found in a part that comes after."""
        self.count += later.count
        self.kept += later.kept[: KEPT - len(self.kept)]
