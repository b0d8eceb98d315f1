"""What one commit leaves for later ones: the numbers given, and charges that wait for an invoice.

Charges are kept in a temporary SQLite file, so memory stays flat. Parts of history that are checked
side by side each begin as if nothing had come before; `Later` is what only the parts before it can
tell, and `Carried.join` tells it.
"""

import sqlite3
from dataclasses import dataclass, field
from typing import NamedTuple

from infra.store.database import Database
from infra.store.findings import Findings

_TABLE = """
    CREATE TABLE waiting_charges (key TEXT PRIMARY KEY, count INTEGER NOT NULL)
    WITHOUT ROWID
"""


class Unmatched(NamedTuple):
    """A line no charge of its own part stands behind: how many findings came before it, how many
    times charges were taken back before it, the charge's key, and the finding it is unless a
    charge has waited since an earlier part.
    """

    findings: int
    forgotten: int
    key: str
    finding: tuple[str, str, int, bytes, str]


@dataclass(slots=True)
class Later:
    """What a part of history leaves to those before it. `first` is the first number it gave in
    each series, `next` the one after its last; `renumbered`: the numbering was set in it;
    `forgotten`: charges that were taken back, by the ranges of their keys.
    """

    first: dict[str, int] = field(default_factory=dict[str, int])
    next: dict[str, int] = field(default_factory=dict[str, int])
    renumbered: bool = False
    forgotten: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unmatched: list[Unmatched] = field(default_factory=list[Unmatched])
    waiting: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


class Carried:
    """What the commits so far have left."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self._starts: dict[str, int] = {}
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(_TABLE)
        self._scratch.execute("BEGIN")

    def close(self) -> None:
        self._scratch.close()

    def due(self, series: str, given: int) -> int:
        """The next number of a series; the first one that is given begins it."""
        return self.next.get(series, self._starts.get(series) or given)

    def renumber(self, series: str, start: int) -> None:
        """Later numbers of a series begin at `start` at least."""
        self._starts[series] = max(start, self._starts.get(series, 0))
        if series in self.next:
            self.next[series] = max(self.next[series], start)

    def forget(self, low: str, high: str) -> None:
        """Charges that waited are taken back: they wait no more."""
        query = "DELETE FROM waiting_charges WHERE key >= ? AND key < ?"
        self._scratch.execute(query, (low, high))

    def take(self, key: str) -> bool:
        """Whether a charge has waited; it does no more."""
        query = "UPDATE waiting_charges SET count = count - 1 WHERE key = ? AND count > 0"
        return self._scratch.execute(query, (key,)).rowcount == 1

    def wait(self, charges: list[tuple[str, int]]) -> None:
        """These charges are on no invoice yet."""
        if charges:
            self._scratch.executemany(
                "INSERT INTO waiting_charges VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET count = count + excluded.count",
                charges,
            )

    def waiting(self) -> list[tuple[str, int]]:
        """The charges that wait."""
        query = "SELECT key, count FROM waiting_charges WHERE count > 0"
        return self._scratch.execute(query).fetchall()

    def fits(self, later: Later) -> bool:
        """Whether the part was right in taking its first numbers for the next ones."""
        return not later.renumbered and all(
            self.due(series, first) == first for series, first in later.first.items()
        )

    def join(self, later: Later, found: Findings) -> Findings:
        """Goes on after a part that fits; its findings, with the lines that never had a charge."""
        self.next.update(later.next)
        merged = Findings()
        done = 0
        forgotten = iter(enumerate(later.forgotten, 1))
        reached = 0
        for before, gone, key, unmatched in later.unmatched:
            while reached < gone:
                reached, span = next(forgotten)
                self.forget(*span)
            if not self.take(key):
                merged.extend(found.between(done, before))
                merged.add(*unmatched)
                done = before
        for _, span in forgotten:
            self.forget(*span)
        merged.extend(found.between(done, found.count))
        self.wait(later.waiting)
        return merged

    def finish(self, database: Database, findings: Findings) -> None:
        """The series' rows stand where the history ends."""
        for series, following in database.execute("SELECT series, next FROM number_series"):
            due = self.next.get(series, self._starts.get(series, 0))
            if due and following != due:
                findings.add(
                    "invoice_number_gap",
                    f"the next number of series {series} is {following}, but history ends before "
                    f"{due}: the next invoice would leave a gap or repeat a number",
                )
