"""Invoice numbers: a series is one row, and its block is taken under the order lock (R19)."""

import sqlite3

import msgspec

from commands.store import Numbers


def take(cursor: sqlite3.Cursor, numbers: Numbers, count: int) -> int:
    """Takes the next `count` numbers of the series; the first of them is returned."""
    first = next_number(cursor, numbers.series) or numbers.start
    _set(cursor, numbers.series, first + count)
    return first


def raise_start(cursor: sqlite3.Cursor, start: int, series: str = "default") -> None:
    """The owner's numbering was set or changed: the next number is at least `start`."""
    _set(cursor, series, max(start, next_number(cursor, series)))


def next_number(cursor: sqlite3.Cursor | sqlite3.Connection, series: str) -> int:
    row = cursor.execute("SELECT next FROM number_series WHERE series = ?", (series,)).fetchone()
    return 0 if row is None else int(row[0])


def with_number(payload: bytes, numbers: Numbers, sequence: int) -> bytes:
    """An invoice encoded around a gap, with its number: the two first fields."""
    number = f"{numbers.prefix}{sequence:0{numbers.length}d}"
    return b'{"number":%b,"sequence":%d,%b' % (_quoted(number), sequence, payload[1:])


def with_numbers(payload: bytes, first: int, last: int) -> bytes:
    """A chunk's done mark with its first and last number: the two last fields."""
    return b'%b,"first_number":%d,"last_number":%d}' % (payload[:-1], first, last)


def _set(cursor: sqlite3.Cursor, series: str, following: int) -> None:
    cursor.execute(
        "INSERT INTO number_series VALUES (?, ?) "
        "ON CONFLICT (series) DO UPDATE SET next = excluded.next",
        (series, following),
    )


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)
