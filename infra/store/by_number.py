"""An invoice by its number, without an index that every bill run would pay for.

The numbers of a series follow commit order (R19), so it is found by halving history.
"""

import re
from collections.abc import Iterator

import msgspec

from aggregates.identity import StreamId
from aggregates.invoice_state import SERIES
from infra.store.database import Database
from schemas import unreadable

_TAIL = re.compile(r"[0-9]{1,18}$")
_PAGE = 500

_TOPIC = "invoice.generated"
_FROM = f"""
    SELECT position, stream, payload FROM events
    WHERE position >= ? AND position <= ? AND topic = '{_TOPIC}'
    ORDER BY position LIMIT ?
"""


class _Numbered(msgspec.Struct, gc=False):
    number: str
    sequence: int
    series: str = SERIES


_decoder = msgspec.json.Decoder(_Numbered)


def find(database: Database, number: str, up_to: int) -> StreamId | None:
    """The stream of the document with the number, among events up to a position."""
    tail = _TAIL.search(number)
    digits = tail.group() if tail is not None else ""
    names = database.execute("SELECT series FROM number_series ORDER BY series DESC").fetchall()
    series = sorted((name for (name,) in names), key=lambda name: str(name) != SERIES)
    for name in series:
        # Where a prefix ends in digits, which of them count is not known: the longest first.
        for start in range(len(digits)):
            found = _halving(database, name, int(digits[start:]), number, up_to)
            if found is not None:
                return found
    return None


def _halving(
    database: Database, series: str, sequence: int, number: str, up_to: int
) -> StreamId | None:
    low, high = 1, up_to
    while low <= high:
        middle = (low + high) // 2
        found = next(_invoices(database, series, middle, high), None)
        if found is None:
            high = middle - 1
            continue
        position, stream, invoice = found
        if invoice.sequence == sequence:
            return stream if invoice.number == number else None
        if invoice.sequence < sequence:
            low = position + 1
        else:
            high = middle - 1
    return None


def _invoices(
    database: Database, series: str, low: int, high: int
) -> Iterator[tuple[int, StreamId, _Numbered]]:
    """The documents of a series from a position on."""
    limit = 1
    while rows := database.execute(_FROM, (low, high, limit)).fetchall():
        for position, stream, payload in rows:
            try:
                invoice = _decoder.decode(payload)
            except unreadable.DAMAGED as fault:
                raise unreadable.of_event(position, _TOPIC, bytes(stream), fault) from fault
            if invoice.series == series:
                yield position, bytes(stream), invoice
            low = position + 1
        limit = _PAGE
