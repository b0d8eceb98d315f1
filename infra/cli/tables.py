"""How a table is laid out in a given width: which columns shrink, what is cut, what is wrapped."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from infra.cli.output import Column

GAP, NARROW_GAP = "  ", " "
LEAST = 6
"""No column shrinks below this."""

LONGEST = 20
"""Longer words are broken before the table is."""


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines between words, and after the colons in a path like Assets:Receivable."""

    wordsep_simple_re = re.compile(r"(\s+|(?<=\w:)(?=[A-Z]))")


class Layout:
    """The widths of a table's columns, from a sample of its rows."""

    def __init__(self, columns: Sequence[Column], sample: Sequence[list[str]], width: int) -> None:
        self._columns = columns
        self._sample = sample
        self._widths = [
            max(cells(text) for text in (column.title, *(row[n] for row in sample)))
            for n, column in enumerate(columns)
        ]
        self._shown = list(range(len(columns)))
        self._gap = GAP
        self._leave_out(width)
        self._shrink(width - len(self._gap) * (len(self._shown) - 1))

    def _leave_out(self, width: int) -> None:
        """Spare columns, as long as something else would be cut; then half of the gaps, if nothing
        that may be cut makes enough room.
        """
        for n in reversed(range(len(self._columns))):
            if self._least(cutting=False) <= width:
                return
            if self._columns[n].spare:
                self._shown.remove(n)
        if self._least(cutting=True) > width:
            self._gap = NARROW_GAP

    def _least(self, cutting: bool) -> int:
        """The least width of the table when sentences are wrapped, and names are cut or not."""
        widths = (
            self._floor(n)
            if self._columns[n].wrap or (cutting and self._may_be_cut(n))
            else self._widths[n]
            for n in self._shown
        )
        return sum(widths) + len(self._gap) * (len(self._shown) - 1)

    def _may_be_cut(self, n: int) -> bool:
        return not (self._columns[n].keep or self._columns[n].right)

    def _shrink(self, room: int) -> None:
        """Takes from the widest column that may shrink until all fit: sentences first, names that
        may be cut then. Words are broken before the table is wider than there is room.
        """
        wrap = [n for n in self._shown if self._columns[n].wrap]
        names = [n for n in self._shown if self._may_be_cut(n) and n not in wrap]
        for flexible, floor in (
            ([*wrap], self._floor),
            (names, self._floor),
            ([*wrap], self._title),
        ):
            while sum(self._widths[n] for n in self._shown) > room and flexible:
                widest = max(flexible, key=lambda n: self._widths[n])
                if self._widths[widest] <= floor(widest):
                    flexible.remove(widest)
                else:
                    self._widths[widest] -= 1

    def _floor(self, n: int) -> int:
        """A title's longest word is never broken, nor, up to a point, a sentence's."""
        words = self._columns[n].title.split()
        if self._columns[n].wrap:
            words += [text[:LONGEST] for row in self._sample for text in _words(row[n])]
        return max((LEAST, *map(len, words)))

    def _title(self, n: int) -> int:
        return max((LEAST, *map(len, self._columns[n].title.split())))

    def head(self) -> list[str]:
        titles = [column.title for column in self._columns]
        return [*self.lines(titles), self._gap.join("─" * self._widths[n] for n in self._shown)]

    def lines(self, row: Sequence[str]) -> Iterator[str]:
        """A row as lines of text."""
        parts = {n: self._fitted(n, row[n]) for n in self._shown}
        for depth in range(max(map(len, parts.values()))):
            texts = ((n, part[depth] if depth < len(part) else "") for n, part in parts.items())
            yield self._gap.join(self._aligned(n, text) for n, text in texts).rstrip()

    def _fitted(self, n: int, text: str) -> list[str]:
        column, width = self._columns[n], self._widths[n]
        if cells(text) <= width or column.keep or column.right:
            return [text]
        return wrapped(text, width) if column.wrap or text == column.title else [cut(text, width)]

    def _aligned(self, n: int, text: str) -> str:
        filling = " " * (self._widths[n] - cells(text))
        return filling + text if self._columns[n].right else text + filling


def cells(text: str) -> int:
    """Columns a text takes on a terminal: wide letters take two, marks on letters none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def cut(text: str, width: int) -> str:
    """The beginning of a text that is too long, with a mark that something is missing."""
    while cells(text) >= width:
        text = text[:-1]
    return text + "…"


def wrapped(text: str, width: int) -> list[str]:
    """A text as lines of at most a width."""
    return _Wrapper(width, break_long_words=True, break_on_hyphens=False).wrap(text) or [""]


def _words(text: str) -> list[str]:
    """The parts of a text that stay together on a line."""
    return [word for word in _Wrapper.wordsep_simple_re.split(text) if word.strip()]
