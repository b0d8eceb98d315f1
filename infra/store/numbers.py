"""Invoice numbers: a series is one row, and its block is taken under the order lock (R19)."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from commands.store import Batch, Numbers
from infra.store.database import Database
from infra.store.prepared import CLOSES_CHUNK, NUMBERED, EncodedEvent, Prepared


def take(database: Database, numbers: Numbers, count: int) -> int:
    """Takes the next `count` numbers of the series; the first of them is returned."""
    first = next_number(database, numbers.series) or numbers.start
    _set(database, numbers.series, first + count)
    return first


def raise_start(database: Database, start: int, series: str = "default") -> None:
    """The owner's numbering was set or changed: the next number is at least `start`."""
    _set(database, series, max(start, next_number(database, series)))


def next_number(database: Database, series: str) -> int:
    row = database.execute("SELECT next FROM number_series WHERE series = ?", (series,)).fetchone()
    return 0 if row is None else int(row[0])


def taken(
    database: Database, batch: Batch, prepared: Prepared
) -> tuple[int, int, Sequence[EncodedEvent]]:
    """Takes the batch's block of numbers under the order lock; first, last, and the events with
    their gaps filled.
    """
    if batch.number_start is not None:
        raise_start(database, batch.number_start)
    wanted = batch.numbers
    if wanted is None or not prepared.invoices:
        return 0, 0, prepared.events
    first = take(database, wanted, prepared.invoices)
    last = first + prepared.invoices - 1
    return first, last, filled(prepared.events, wanted, first, last)


def filled(
    events: Sequence[EncodedEvent], numbers: Numbers, first: int, last: int
) -> list[EncodedEvent]:
    """The events of a batch with their numbers in the gaps."""
    found: list[EncodedEvent] = []
    sequence = first
    for event in events:
        if event.gap == NUMBERED:
            event = _with_payload(event, with_number(event.payload, numbers, sequence))
            sequence += 1
        elif event.gap == CLOSES_CHUNK:
            event = _with_payload(event, with_numbers(event.payload, first, last))
        found.append(event)
    return found


def with_number(payload: bytes, numbers: Numbers, sequence: int) -> bytes:
    """An invoice encoded around a gap, with its number: the two first fields."""
    digits = b"%0*d" % (numbers.length, sequence)
    return b'{"number":"%b%b","sequence":%d,%b' % (
        _prefix(numbers.prefix),
        digits,
        sequence,
        payload[1:],
    )


def with_numbers(payload: bytes, first: int, last: int) -> bytes:
    """A chunk's done mark with its first and last number: the two last fields."""
    return b'%b,"first_number":%d,"last_number":%d}' % (payload[:-1], first, last)


def _set(database: Database, series: str, following: int) -> None:
    database.execute(
        "INSERT INTO number_series VALUES (?, ?) "
        "ON CONFLICT (series) DO UPDATE SET next = excluded.next",
        (series, following),
    )


@lru_cache(maxsize=64)
def _prefix(text: str) -> bytes:
    """As it stands within quotes; digits stand for themselves."""
    return msgspec.json.encode(text)[1:-1]


def _with_payload(event: EncodedEvent, payload: bytes) -> EncodedEvent:
    stream, version, topic, schema_version, middle, _, gap = event
    return EncodedEvent(stream, version, topic, schema_version, middle, payload, gap)
