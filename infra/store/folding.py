"""Aggregates as they were: folds of their streams up to a position, in bulk."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from aggregates.account_package.events import PackageBilled
from aggregates.event import State
from aggregates.identity import StreamId
from commands.store import Versioned
from infra.store import checks
from infra.store.database import Database
from infra.store.rows import batches
from schemas import unreadable
from schemas.kinds import KINDS, state_decoder
from schemas.stored import decode

_WHOLE = """
    SELECT stream, version, topic, schema_version, payload FROM events
    WHERE stream {among} AND position <= ? ORDER BY stream, version
"""

_FROM_LAST_BILLED = """
    SELECT e.stream, e.version, e.topic, e.schema_version, e.payload
    FROM account_packages p {join} events e ON e.stream = p.stream
    WHERE p.stream {among} AND e.position <= ? AND e.version >= coalesce(
        (SELECT b.version FROM events b
         WHERE b.stream = p.stream AND b.position <= ? AND b.topic = 'account_package.billed'
         ORDER BY b.version DESC LIMIT 1), 1)
    ORDER BY e.stream, e.version
"""


def fold(kind: str, rows: Iterable[tuple[Any, ...]]) -> State:
    """The state after rows of (topic, schema version, payload), which begin with a stream's first
    event or with a closing of the books.
    """
    evolve = KINDS[kind].evolve
    state: State | None = None
    for row in rows:
        event = decode(*row)
        if state is None and isinstance(event, PackageBilled):
            state = state_decoder(kind).decode(event.state)
        else:
            state = evolve(state, event)
    assert state is not None
    return state


def as_of(
    database: Database, kind: str, streams: Iterable[StreamId], position: int
) -> Iterator[Versioned]:
    """The aggregates that existed at a position, by stream within each piece of the input.

    An account-package begins with its last closing of the books (design decision 10).
    """
    billed = kind == "account_package"
    query = _FROM_LAST_BILLED if billed else _WHOLE
    limits = (position, position) if billed else (position,)
    for some in batches(streams, checks.MANY):
        among, params = database.among(some)
        sql = query.format(among=among, join=database.ordered_join)
        rows = database.execute(sql, (*params, *limits))
        for stream, events in groupby(rows, key=itemgetter(0)):
            listed = list(events)
            try:
                state = fold(kind, (row[2:] for row in listed))
            except unreadable.DAMAGED as fault:
                raise unreadable.of_history(kind, stream, fault) from fault
            yield Versioned(stream, listed[-1][1], state)
