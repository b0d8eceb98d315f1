"""A customer file (CSV): looked through once, then given out in pieces of rows.

What is wrong with the file as a whole is told before anything is imported. Afterwards its lines are
not read as CSV again here: who imports a piece does that, in whatever process it is.
"""

import csv
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import islice
from typing import BinaryIO, NamedTuple, TextIO

from aggregates.refusal import Refusal
from commands.customer_mapping import CustomerMapping, Row, getter
from commands.customer_rows import Layout

BATCH = 5_000
"""Rows of a piece, and so of one transaction."""

_SHELVES = 64
"""Keys are told apart shelf by shelf, so that those of a million rows need little memory."""


class Line(NamedTuple):
    """A row with the number of the line it begins on."""

    number: int
    cells: list[str]


class Piece(NamedTuple):
    """Rows that follow each other: the lines that the first and the last begin on, and the text
    they stand in, which begins on line `begin`.
    """

    rows: int
    first: int
    last: int
    begin: int
    text: str


class _Extent(NamedTuple):
    """Where a piece lies."""

    rows: int
    first: int
    last: int
    lines: int


def lines_of(piece: Piece, delimiter: str) -> Iterator[Line]:
    """The rows of a piece, blank lines left out."""
    reader = csv.reader(StringIO(piece.text, newline=""), delimiter=delimiter, strict=True)
    number = piece.begin
    for cells in reader:
        if cells:
            yield Line(number, cells)
        number = piece.begin + reader.line_num


class CustomerFile:
    """A customer file under a mapping. `rows_depend`: a row may need one before it, an account
    above it, or the same account or account-package again.
    """

    def __init__(self, name: str, mapping: CustomerMapping, text: TextIO) -> None:
        """Looks through it. Refused when it is not what it should be, before any change."""
        self.name = name
        self.mapping = mapping
        self._text = text
        rows = self._read()
        self._above, header = next(rows, (0, list[str]()))
        self.header = [name.strip() for name in header]
        if header:
            self.header[0] = self.header[0].removeprefix("\ufeff")
        elif not any(cells for _, cells in rows):
            raise self._empty("is empty")
        columns = self._columns()
        keys = _Keys(mapping, columns)
        self._extents = list(_extents(rows, self._above, keys))
        if not self._extents:
            raise self._empty("has no rows below its header")
        self.rows = sum(extent.rows for extent in self._extents)
        self.layout = Layout(name, mapping, tuple(self.header), columns)
        self.rows_depend = keys.met_again

    def close(self) -> None:
        self._text.close()

    def pieces(self, *, whole: bool = False) -> Iterator[Piece]:
        """The rows below the header from the beginning, or all of them as one piece."""
        self._text.seek(0)
        lines = iter(self._text)
        deque(islice(lines, self._above), maxlen=0)
        begin = self._above + 1
        for rows, first, last, count in [_together(self._extents)] if whole else self._extents:
            yield Piece(rows, first, last, begin, "".join(islice(lines, count)))
            begin += count

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        """The header and the rows, each with the line it ends on."""
        line = 0
        try:
            reader = csv.reader(self._text, delimiter=self.mapping.csv.delimiter, strict=True)
            for cells in reader:
                line = reader.line_num
                yield line, cells
        except UnicodeError:
            raise self._not_utf8() from None
        except csv.Error as error:
            raise Refusal(
                "csv_invalid", f"{self.name}:{line + 1}: not CSV: {error}. Nothing was imported"
            ) from None

    def _columns(self) -> dict[str, int]:
        """Where each column stands. Refused when one that the mapping names is not there."""
        for key, source in self.mapping.sources():
            for column in source.columns():
                if self.header.count(column) == 1:
                    continue
                if column in self.header:
                    raise Refusal("column_twice", f"{self.name} has two columns {column!r}")
                raise self._missing(key, column)
        return {name: index for index, name in enumerate(self.header)}

    def _missing(self, key: str, column: str) -> Refusal:
        there = ", ".join(self.header[:12]) + (", …" if len(self.header) > 12 else "")
        advice = "name another column in the mapping"
        if len(self.header) == 1:
            advice = 'is the delimiter right? Set `csv: {delimiter: ";"}` in the mapping'
        return Refusal(
            "column_missing",
            f"{self.name} has no column {column!r}, which the mapping needs for `{key}`; it has "
            f"{there}: {advice}",
            column=column,
            columns=self.header,
        )

    def _empty(self, what: str) -> Refusal:
        return Refusal("file_empty", f"{self.name} {what}: nothing to import")

    def _not_utf8(self) -> Refusal:
        encoding = self.mapping.csv.encoding
        return Refusal(
            "file_not_utf8",
            f"{self.name}:{_bad_line(self._text)}: not {encoding}: save the file as UTF-8, or say "
            "what it is in the mapping with `csv: {encoding: latin-1}`. Nothing was imported",
        )


class _Keys:
    """The accounts and account-packages that rows name. Two that differ may look alike, which
    makes an import slower and nothing else.
    """

    def __init__(self, mapping: CustomerMapping, columns: Mapping[str, int]) -> None:
        self._always = mapping.parent is not None or mapping.invoicer is not None
        sources = [mapping.number, *(package.id for package in mapping.packages)]
        self._find = [(min(n, 1), getter(source, columns)) for n, source in enumerate(sources)]
        self._width = len(columns)
        self._shelves = [array("q") for _ in range(_SHELVES)]

    def meet(self, cells: Row) -> None:
        if self._always or len(cells) != self._width:
            return
        try:
            for kind, find in self._find:
                key = hash((kind, find(cells)))
                self._shelves[key % _SHELVES].append(key)
        except Refusal:
            return  # it will be set aside, whatever comes before it

    @property
    def met_again(self) -> bool:
        return self._always or any(len(set(keys)) < len(keys) for keys in self._shelves)


def _extents(rows: Iterable[tuple[int, list[str]]], above: int, keys: _Keys) -> Iterator[_Extent]:
    """Pieces of at most `BATCH` rows, with the blank lines between them."""
    count = first = last = 0
    begin = end = above
    for line, cells in rows:
        if cells:
            count += 1
            last = end + 1
            first = first or last
            keys.meet(cells)
        end = line
        if count == BATCH:
            yield _Extent(count, first, last, end - begin)
            count = first = 0
            begin = end
    if count:
        yield _Extent(count, first, last, end - begin)


def _together(extents: list[_Extent]) -> _Extent:
    rows, lines = (sum(extent[n] for extent in extents) for n in (0, 3))
    return _Extent(rows, extents[0].first, extents[-1].last, lines)


def _bad_line(text: TextIO) -> int:
    """The line of the first byte that is not in the encoding."""
    raw: BinaryIO = text.buffer
    raw.seek(0)
    for number, line in enumerate(raw, 1):
        try:
            line.decode(text.encoding)
        except UnicodeError:
            return number
    return 1
