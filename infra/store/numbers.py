"""Invoice numbers: a series is one row, and its block is taken under the order lock (R19)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from aggregates.invoice_state import CREDIT_NOTES, SERIES
from aggregates.owner import (
    CreditNoteNumberingChanged,
    HistoryRestored,
    InvoiceNumberingChanged,
    OwnerSetUp,
)
from commands.store import Batch, Numbers
from infra.store.database import Database, Row
from infra.store.prepared import CLOSES_CHUNK, EncodedEvent, Prepared
from infra.store.state_rows import RowWrite


def start_in(event: object, series: str) -> int:
    """Where an event of the owner says that later numbers of a series begin; 0 if it does not."""
    match event:
        case OwnerSetUp() if series == CREDIT_NOTES:
            return event.credit_notes.start
        case CreditNoteNumberingChanged():
            return event.numbering.start if series == CREDIT_NOTES else 0
        case OwnerSetUp() | InvoiceNumberingChanged() if series == SERIES:
            return event.numbering.start
        case HistoryRestored():
            return event.next_credit_note if series == CREDIT_NOTES else event.next_number
        case _:
            return 0


def raised_in(event: object, series: str) -> int:
    """Where an event of the owner sets the series' row at once. What the owner says of credit notes
    counts when one is made; before the first there is no row.
    """
    if series == SERIES or isinstance(event, HistoryRestored):
        return start_in(event, series)
    return 0


def take(database: Database, numbers: Numbers, count: int) -> int:
    """Takes the next `count` numbers of the series; the first of them is returned."""
    first = max(next_number(database, numbers.series), numbers.start)
    _set(database, numbers.series, first + count)
    return first


def raise_starts(database: Database, batch: Batch) -> None:
    """The next number of a series is at least what the batch says."""
    for series, start in batch.number_starts.items():
        _set(database, series, max(start, next_number(database, series)))


def next_number(database: Database, series: str) -> int:
    row = database.execute("SELECT next FROM number_series WHERE series = ?", (series,)).fetchone()
    return 0 if row is None else int(row[0])


class Taken(NamedTuple):
    """The batch with its numbers: first and last of its first series, the events, and the state
    rows of the documents that were waiting for a number.
    """

    first: int
    last: int
    events: Sequence[EncodedEvent]
    rows: Sequence[RowWrite] = ()


def taken(database: Database, batch: Batch, prepared: Prepared) -> Taken:
    """Takes the batch's blocks of numbers under the order lock and fills the gaps."""
    raise_starts(database, batch)
    if not prepared.numbered:
        return Taken(0, 0, prepared.events)
    following = {
        numbers.series: take(database, numbers, prepared.numbered[numbers.series])
        for numbers in batch.numbers
        if numbers.series in prepared.numbered
    }
    main = batch.numbers[0].series
    first = following.get(main, 0)
    last = first + prepared.numbered.get(main, 0) - 1 if first else 0
    return filled(prepared, batch.numbers, following, (first, last))


def filled(
    prepared: Prepared,
    numbers: Sequence[Numbers],
    following: dict[str, int],
    chunk: tuple[int, int],
) -> Taken:
    """The events of a batch with their numbers in the gaps. `following` holds the next number of
    each series; `chunk` the first and last of the first one.
    """
    named = {one.series: one for one in numbers}
    events: list[EncodedEvent] = []
    rows: list[Row] = []
    for event in prepared.events:
        gap = event.gap
        if not gap:
            pass
        elif gap == CLOSES_CHUNK:
            event = _with_payload(event, with_numbers(event.payload, *chunk))
        else:
            sequence = following[gap]
            following[gap] = sequence + 1
            number = _number(named[gap], sequence)
            event = _with_payload(event, number + event.payload[1:])
            row = prepared.unnumbered.get(event.stream)
            if row is not None:
                rows.append(_numbered(row, number, sequence))
        events.append(event)
    return Taken(*chunk, events, [RowWrite("items", (), rows)] if rows else ())


def _numbered(row: Row, number: bytes, sequence: int) -> Row:
    """The state row of a document with its number, and with its ordinal."""
    stream, kind, account, _, is_open, key, version, state = row
    return (stream, kind, account, sequence, is_open, key, version, number + state[1:])


def _number(numbers: Numbers, sequence: int) -> bytes:
    """The two first fields of a document that is encoded around a gap, and of its state."""
    prefix, length = _prefix(numbers.prefix), numbers.length
    return b'{"number":"%b%0*d","sequence":%d,' % (prefix, length, sequence, sequence)


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
    return EncodedEvent(event.stream, event.version, event.kind, payload)
