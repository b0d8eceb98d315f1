"""The order and the chain: every event is where it was put, as it was put (decision 6)."""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import NamedTuple, Protocol

from infra.store import chain
from infra.store.database import Database, Row
from infra.store.findings import Findings
from infra.store.rows import EVENT_COLUMNS

_PAGE = 500
"""Events that are looked at together."""

_position = itemgetter(0)


class Observer(Protocol):
    """Is given every event in order, whatever is wrong with it, and told where commits end."""

    def event(self, row: Row) -> None: ...

    def commit_ends(self) -> None: ...


class Commit(NamedTuple):
    first: int
    last: int
    at: int
    root: bytes


NOTHING = Commit(0, 0, 0, chain.START)
"""Before the first commit."""


class Part(NamedTuple):
    """A stretch of history: what follows a commit, up to a position, or to the end."""

    previous: Commit
    until: int | None

    @property
    def bounds(self) -> tuple[int, int]:
        """Both inclusive. What was put before the beginning is in the first part."""
        low = self.previous.last + 1 if self.previous.last else -(2**63)
        return low, 2**63 - 1 if self.until is None else self.until


def cut(database: Database, size: int) -> list[Part]:
    """The history in parts of about `size` events. It is cut only where one commit follows another
    as it should: so every part can be checked alone, as if one went through all of them in order.
    """
    joints = [NOTHING]
    query = "SELECT first, last, at, root FROM commits WHERE first > ? ORDER BY first LIMIT 2"
    furthest = "SELECT max(last) FROM commits WHERE first > ? AND first <= ?"
    after = size
    while len(rows := database.execute(query, (after,)).fetchall()) == 2:
        commit, following = Commit(*rows[0]), Commit(*rows[1])
        after = commit.first + size
        between = (joints[-1].last, commit.first)
        if (
            _is_whole(commit)
            and following.first == commit.last + 1
            and database.execute(furthest, between).fetchone()[0] == commit.last
        ):
            joints.append(commit)
    ends = [*(joint.last for joint in joints[1:]), None]
    return [Part(joint, end) for joint, end in zip(joints, ends, strict=True)]


def check_chain(database: Database, part: Part, findings: Findings, observer: Observer) -> Commit:
    """Goes through a part of history in commit order; its last commit."""
    query = f"SELECT {EVENT_COLUMNS} FROM events WHERE position BETWEEN ? AND ? ORDER BY position"
    events = _Pages(database.stream(query, part.bounds))
    hasher = _Hasher()
    previous = part.previous
    for commit in _commits(database, part, findings):
        joined = commit.first == previous.last + 1
        if not joined:
            _commit_missing(findings, previous, commit)
        _belong_nowhere(findings, events, commit.first - 1)
        check = _CommitCheck(commit, hasher, findings)
        for rows in events.up_to(commit.last):
            check.events(rows, observer)
        check.finish(previous.root if joined else None)
        observer.commit_ends()
        previous = commit
    _belong_nowhere(findings, events, part.bounds[1])
    if part.until is None:
        _check_head(database, findings, previous)
    return previous


def check_expected(database: Database, findings: Findings, position: int, root: str) -> None:
    """The head noted elsewhere is still part of this history (`verify --expect`)."""
    newest = database.execute("SELECT max(last) FROM commits").fetchone()[0] or 0
    if position > newest:
        findings.add(
            "history_cut_off",
            f"history ends at position {newest}, but it once reached {position}: "
            "its newest commits were cut off",
            newest,
        )
        return
    query = "SELECT root FROM commits WHERE last = ?"
    row = database.execute(query, (position,)).fetchone()
    if row is None or row[0] != bytes.fromhex(root):
        findings.add(
            "history_differs",
            f"the root at position {position} is not the expected one: this is another history, "
            "or one written anew",
            position,
        )


def _commits(database: Database, part: Part, findings: Findings) -> Iterator[Commit]:
    query = "SELECT first, last, at, root FROM commits WHERE first BETWEEN ? AND ? ORDER BY first"
    for row in database.stream(query, part.bounds):
        commit = Commit(*row)
        if _is_whole(commit):
            yield commit
        else:
            _commit_changed(findings, commit)


def _is_whole(row: Row) -> bool:
    """Its columns are of the types that are written."""
    first, last, at, root = row
    whole = isinstance(last, int) and isinstance(at, int) and isinstance(root, bytes)
    return whole and first <= last and len(root) == len(chain.START)


def _check_head(database: Database, findings: Findings, last: Commit) -> None:
    row = database.execute("SELECT position, root, at FROM log_head").fetchone()
    if row is None or tuple(row) != (last.last, last.root, last.at):
        findings.add(
            "head_differs",
            f"the head of history does not say what the newest commit says (position {last.last}): "
            "commits were removed or the head was changed",
            last.last,
        )


def _commit_changed(findings: Findings, commit: Commit) -> None:
    findings.add(
        "commit_changed",
        f"the commit of positions {commit.first} to {commit.last} does not have its root: "
        "an event and its hash, or the commit's own row, were changed",
        commit.first,
    )


def _commit_missing(findings: Findings, previous: Commit, commit: Commit) -> None:
    findings.add(
        "commit_missing",
        f"the commit after position {previous.last} was removed or changed: "
        f"the next one begins at {commit.first}",
        previous.last + 1,
    )


def _belong_nowhere(findings: Findings, events: "_Pages", until: int) -> None:
    """The next events up to a position stand in no commit."""
    for rows in events.up_to(until):
        for row in rows:
            findings.add(
                "event_inserted",
                f"the event at position {row[0]} belongs to no commit: it was inserted, "
                "or its commit was removed",
                row[0],
                row[1],
                row[3],
            )


class _Pages:
    """Events by position, taken many at a time and cut where a commit ends."""

    def __init__(self, events: Iterator[Row]) -> None:
        self._events = events
        self._page: list[Row] = []
        self._taken = 0

    def up_to(self, position: int) -> Iterator[list[Row]]:
        """The next events up to a position, some after the other."""
        while True:
            page = self._at_hand()
            end = bisect_right(page, position, self._taken, key=_position)
            if end == self._taken:
                return
            rows = page[self._taken : end]
            self._taken = end
            yield rows

    def _at_hand(self) -> list[Row]:
        """The page that is being taken from; the next one when nothing is left of it."""
        if self._taken == len(self._page):
            self._page = list(islice(self._events, _PAGE))
            self._taken = 0
        return self._page


class _CommitCheck:
    """One commit: its positions without gap, its hashes, its root."""

    def __init__(self, commit: Commit, hasher: "_Hasher", findings: Findings) -> None:
        self._commit = commit
        self._hasher = hasher
        self._findings = findings
        self._tree = chain.GrowingTree()
        self._due = commit.first
        self._intact = True

    def events(self, rows: list[Row], observer: Observer) -> None:
        """The next events of the commit, each with its hash; the observer sees it too."""
        hash_of, observe = self._hasher.hash_of, observer.event
        hashes: list[bytes] = []
        for row in rows:
            if row[0] != self._due:
                self._missing(row[0])
            self._due = row[0] + 1
            found = hash_of(row)
            if found and found == row[8]:
                hashes.append(found)
            else:
                self._changed(row)
            observe(row)
        self._tree.extend(hashes)

    def finish(self, previous: bytes | None) -> None:
        """The root follows from the root before it; an event found wrong already says enough."""
        commit = self._commit
        self._missing(commit.last + 1)
        if previous is None or not self._intact:
            return
        if chain.commit_root(previous, *commit[:3], self._tree.root()) != commit.root:
            _commit_changed(self._findings, commit)

    def _changed(self, row: Row) -> None:
        self._intact = False
        self._findings.add(
            "event_changed",
            f"the event at position {row[0]} is not what was written: its hash differs",
            row[0],
            row[1],
            row[3],
        )

    def _missing(self, until: int) -> None:
        for position in range(self._due, until):
            self._intact = False
            self._findings.add(
                "event_missing", f"the event at position {position} was removed", position
            )


class _Hasher:
    """Computes hashes again; what neighbours share is made once."""

    def __init__(self) -> None:
        self._middles: dict[tuple[str, int], chain.Middle] = {}
        self._tail_of: tuple[bytes, int] | None = None
        self._tail = b""

    def hash_of(self, row: Row) -> bytes:
        """The hash that a row should have; empty when a column is of another type than is ever
        written, so that it was changed.
        """
        position, stream, version, topic, schema_version, payload, metadata, at, _ = row
        try:
            if len(stream) != chain.ID_LENGTH:
                return b""
            middle = self._middles.get((topic, schema_version))
            if middle is None:
                middle = self._middles[topic, schema_version] = chain.middle(topic, schema_version)
            if self._tail_of != (metadata, at):
                self._tail_of = (metadata, at)
                self._tail = chain.tail(metadata, at)
            return chain.event_hash(position, stream, version, middle, payload, self._tail)
        except (TypeError, AttributeError, ValueError, struct.error):
            return b""
