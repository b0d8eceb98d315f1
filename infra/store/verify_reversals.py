"""Documents that correct others, against what they correct (R21, R25)."""

from typing import Any

import msgspec

from infra.store.database import Database

_LINES = """
    SELECT payload FROM events
    WHERE stream = ? AND topic IN ('invoice.lines_added', 'invoice.generated') ORDER BY version
"""

Shape = tuple[str, str, str, str, str, str]


class _Line(msgspec.Struct, gc=False):
    account: str
    account_package: str
    bill_date: str
    service: str
    start: str
    end: str
    amount: int

    def shape(self) -> Shape:
        return (
            self.account,
            self.account_package,
            self.bill_date,
            self.service,
            self.start,
            self.end,
        )


class _Page(msgspec.Struct, gc=False):
    lines: list[_Line]


_page = msgspec.json.Decoder(_Page)


def is_reversal_of(database: Database, stream: bytes, reversal: bytes) -> bool:
    """Whether line n of the reversal takes back line n of the document, and nothing else."""
    lines, taken_back = _lines(database, stream), _lines(database, reversal)
    if len(lines) != len(taken_back):
        return False
    return all(
        line.shape() == back.shape() and line.amount == -back.amount
        for line, back in zip(lines, taken_back, strict=True)
    )


def credits_lines_of(
    database: Database, stream: bytes, credited: list[tuple[int | None, int]]
) -> bool:
    """Whether each line of a credit note takes at most what a line of the invoice charges."""
    lines = _lines(database, stream)
    return all(
        of_line is not None
        and 1 <= of_line <= len(lines)
        and 0 < -amount <= lines[of_line - 1].amount
        for of_line, amount in credited
    )


def _lines(database: Database, stream: bytes) -> list[_Line]:
    found: list[_Line] = []
    rows: list[Any] = database.execute(_LINES, (stream,)).fetchall()
    for (payload,) in rows:
        found += _page.decode(payload).lines
    return found
