"""Streams without gaps, and state rows that are the folds of their streams (decisions 9, 10)."""

from collections.abc import Iterator
from heapq import merge
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from aggregates.account_package.events import PackageBilled
from aggregates.event import State
from aggregates.identity import StreamId
from infra.store.database import Database, Row
from infra.store.findings import Findings
from infra.store.state_rows import row_of, table_of
from schemas.kinds import KINDS, STATELESS, kind_of_type, state_decoder
from schemas.stored import decode, encode_state

_EVENTS = "SELECT stream, version, position, topic, schema_version, payload FROM events"

_TABLES = ("states", "accounts", "account_packages", "receivables", "items")
_SAME = ("ref", "account", "package", "currency", "effective")


class _Broken(Exception):
    """The stream cannot be folded further; the finding is noted."""


class Streams(NamedTuple):
    """The streams from an id (inclusive) to another (exclusive); None: to where ids end. What is
    no id at all comes before all ids.
    """

    low: StreamId | None
    high: StreamId | None

    def query(self, select: str, order: str) -> tuple[str, tuple[StreamId, ...]]:
        """The rows of these streams."""
        bounds = [f"stream {sign} ?" for sign, id in zip((">=", "<"), self, strict=True) if id]
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        return f"{select}{where} ORDER BY {order}", tuple(id for id in self if id)


def share_out(count: int) -> list[Streams]:
    """All streams in about equal shares: ids are spread evenly."""
    edges = [(n * 2**16 // count).to_bytes(2, "big") for n in range(1, count)]
    return [Streams(*ends) for ends in pairwise((None, *edges, None))]


def check_folds(database: Database, streams: Streams, findings: Findings) -> int:
    """Goes through streams beside their state rows; the number of their events."""
    return sum(_folds(database, streams, findings))


def _folds(database: Database, streams: Streams, findings: Findings) -> Iterator[int]:
    rows = _state_rows(database, streams, findings)
    row = next(rows, None)
    checks = _StreamChecks(findings)
    events_of = database.stream(*streams.query(_EVENTS, "stream, version"))
    for stream, events in groupby(events_of, key=itemgetter(0)):
        if not isinstance(stream, bytes):
            yield sum(1 for _ in events)  # no id at all: its hash has told already
            continue
        while row is not None and row[0] < stream:
            _without_events(findings, row)
            row = next(rows, None)
        mine = row if row is not None and row[0] == stream else None
        yield checks.check(stream, events, mine)
        if mine is not None:
            row = next(rows, None)
    while row is not None:
        _without_events(findings, row)
        row = next(rows, None)


def _state_rows(
    database: Database, streams: Streams, findings: Findings
) -> Iterator[tuple[StreamId, str, Row]]:
    def one(table: str) -> Iterator[tuple[StreamId, str, Row]]:
        for row in database.stream(*streams.query(f"SELECT * FROM {table}", "stream")):
            if isinstance(row[0], bytes):
                yield row[0], table, row
            else:
                _without_events(findings, (row[0], table, row))

    return merge(*(one(table) for table in _TABLES), key=itemgetter(0))


def _without_events(findings: Findings, row: tuple[StreamId, str, Row]) -> None:
    sentence = f"a row of {row[1]} stands for a stream without events"
    findings.add("state_row_without_events", sentence, stream=row[0])


class _StreamChecks:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def check(
        self, stream: StreamId, events: Iterator[Row], row: tuple[StreamId, str, Row] | None
    ) -> int:
        """Checks one stream; the number of its events is returned."""
        last = first = next(events)
        kind = kind_of_type(str(first[3]))
        folds = kind not in STATELESS
        state: State | None = None
        expected = 0
        try:
            for expected, event in enumerate(chain((first,), events), 1):
                last = event
                if event[1] != expected or event[3] != first[3]:
                    self._check_place(kind, expected, event)
                if folds:
                    state = self._evolve(kind, state, event)
        except _Broken:
            return expected + sum(1 for _ in events)
        if state is not None:
            self._compare(kind, stream, last, state, row)
        return expected

    def _check_place(self, kind: str, expected: int, event: Row) -> None:
        if event[1] != expected:
            sentence = f"version {expected} of the stream is missing before position {event[2]}"
            raise self._broken("stream_gap", sentence, event)
        if kind_of_type(str(event[3])) != kind:
            sentence = f"position {event[2]}: {event[3]} in a stream of kind {kind}"
            raise self._broken("event_out_of_place", sentence, event)

    def _evolve(self, kind: str, before: State | None, event: Row) -> State:
        try:
            decoded = decode(event[3], event[4], event[5])
            after = KINDS[kind].evolve(before, decoded)
        except Exception as wrong:  # damaged history may break a fold in any way
            sentence = f"position {event[2]}: {event[3]} cannot follow here ({wrong})"
            raise self._broken("event_impossible", sentence, event) from wrong
        if type(decoded) is PackageBilled:
            self._check_billed(before, decoded, after, event)
        return after

    def _check_billed(self, before: Any, event: PackageBilled, after: Any, row: Row) -> None:
        """The closing of the books continues what came before it (design decision 10)."""
        due, following = event.bill_date, after.next_bill_date
        if before is None or before.next_bill_date != due:
            self._out_of_turn(row, f"bill date {due} was not the next one")
        elif following is not None and following <= due:
            self._out_of_turn(row, f"the next bill date {following} is not after {due}")
        elif any(getattr(before, name) != getattr(after, name) for name in _SAME):
            self._out_of_turn(row, "the state in it is not of this account-package")

    def _out_of_turn(self, row: Row, why: str) -> None:
        sentence = f"position {row[2]}: {why}"
        self._findings.add("billed_out_of_turn", sentence, row[2], row[0], row[3])

    def _broken(self, code: str, sentence: str, event: Row) -> _Broken:
        self._findings.add(code, sentence, event[2], event[0], event[3])
        return _Broken(sentence)

    def _compare(
        self,
        kind: str,
        stream: StreamId,
        last: Row,
        state: State,
        row: tuple[StreamId, str, Row] | None,
    ) -> None:
        if row is None or row[1] != table_of(kind):
            self._differs(kind, last, "is missing")
            return
        found = row[2]
        expected = row_of(kind, stream, last[1], state, encode_state(state))
        if found == expected:
            return
        version = found[-2]
        if version != last[1]:
            why = f"is at version {version}, its events end at {last[1]} (an event was removed?)"
            self._differs(kind, last, why)
        elif found[:-1] != expected[:-1]:
            self._differs(kind, last, "has a column that its events do not give it")
        elif found[-1] != expected[-1] and not _same_state(kind, found[-1], state):
            self._differs(kind, last, "holds another state than its events give it")

    def _differs(self, kind: str, last: Row, why: str) -> None:
        self._findings.add(
            "state_row_differs",
            f"the state row of {kind} {why}; its last event is at position {last[2]}",
            last[2],
            last[0],
            last[3],
        )


def _same_state(kind: str, written: Any, state: State) -> bool:
    try:
        return bool(state_decoder(kind).decode(written) == state)
    except (msgspec.MsgspecError, TypeError):
        return False
