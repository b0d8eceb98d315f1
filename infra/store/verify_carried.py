"""What one commit leaves for later ones: the numbers given, and charges that wait for an invoice.

Charges are kept in a temporary SQLite file, so memory stays flat. Parts of history that are checked
side by side each begin as if nothing had come before; `Later` is what only the parts before it can
tell, and `Carried.join` tells it.
"""

import sqlite3
from dataclasses import dataclass, field

from infra.store.database import Database
from infra.store.findings import Findings

_TABLE = """
    CREATE TABLE waiting_charges (key TEXT PRIMARY KEY, count INTEGER NOT NULL)
    WITHOUT ROWID
"""

Unmatched = tuple[int, str, tuple[str, str, int, bytes, str]]
"""A line no charge of its own part stands behind: how many findings came before it, the charge's
key, and the finding it is unless a charge has waited since an earlier part.
"""


@dataclass(slots=True)
class Later:
    """What a part of history leaves to those before it. `first` is the first number it gave in
    each series, `next` the one after its last; `renumbered`: the numbering was set in it.
    """

    first: dict[str, int] = field(default_factory=dict[str, int])
    next: dict[str, int] = field(default_factory=dict[str, int])
    renumbered: bool = False
    unmatched: list[Unmatched] = field(default_factory=list[Unmatched])
    waiting: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


class Carried:
    """What the commits so far have left."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self._start = 0
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(_TABLE)
        self._scratch.execute("BEGIN")

    def close(self) -> None:
        self._scratch.close()

    def due(self, series: str, given: int) -> int:
        """The next number of a series; the first one that is given begins it."""
        return self.next.get(series, self._start or given)

    def renumber(self, start: int) -> None:
        """Later numbers begin at `start` at least."""
        self._start = start
        for series, following in self.next.items():
            self.next[series] = max(following, start)

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
        for before, key, unmatched in later.unmatched:
            if not self.take(key):
                merged.extend(found.between(done, before))
                merged.add(*unmatched)
                done = before
        merged.extend(found.between(done, found.count))
        self.wait(later.waiting)
        return merged

    def finish(self, database: Database, findings: Findings) -> None:
        """The series' rows stand where the history ends."""
        for series, following in database.execute("SELECT series, next FROM number_series"):
            due = self.next.get(series, self._start)
            if due and following != due:
                findings.add(
                    "invoice_number_gap",
                    f"the next number of series {series} is {following}, but history ends before "
                    f"{due}: the next invoice would leave a gap or repeat a number",
                )
