"""Invoices against the charges they are made of, and their numbers (R14, R15, R19).

Looks at one commit at a time. Charges and the lines that bill them mostly stand in one commit;
what one commit leaves to later ones is kept in `infra.store.verify_carried`.
"""

from collections import Counter
from typing import Any

import msgspec

from infra.store.findings import Findings
from infra.store.verify_carried import Carried, Later
from schemas.stored import NewerHistory, decode


class _Charge(msgspec.Struct, gc=False):
    service: str
    kind: str
    start: str
    end: str
    amount: int


class _Holder(msgspec.Struct, gc=False):
    ref: str


class _Billed(msgspec.Struct, gc=False):
    bill_date: str
    charges: list[_Charge]
    state: _Holder


class _Line(msgspec.Struct, gc=False):
    account_package: str
    bill_date: str
    service: str
    kind: str
    start: str
    end: str
    amount: int
    original_amount: int | None = None


class _Page(msgspec.Struct, gc=False):
    lines: list[_Line]


class _Invoice(msgspec.Struct, gc=False):
    net: int
    tax: int
    total: int
    line_count: int
    lines: list[_Line]
    number: str = ""
    sequence: int = 0
    series: str = "default"


class _Chunk(msgspec.Struct, gc=False):
    first_number: int = 0
    last_number: int = 0


Key = tuple[str, str, str, str, str, str, int]
Where = tuple[int, bytes, str, str]

_billed = msgspec.json.Decoder(_Billed)
_page = msgspec.json.Decoder(_Page)
_invoice = msgspec.json.Decoder(_Invoice)
_chunk = msgspec.json.Decoder(_Chunk)


class InvoiceChecks:
    """An observer of commits: every line has its charge, once; totals are sums; numbers follow.
    `carried` is what the commits before have left; None where only the merging will know.
    """

    def __init__(self, findings: Findings, carried: Carried | None) -> None:
        self._findings = findings
        self._carried = carried or Carried()
        self._later = Later() if carried is None else None
        self._commit = _CommitChecks(self)

    def event(self, row: tuple[Any, ...]) -> None:
        """Looks at one event of the commit that is being read."""
        try:
            self._commit.event(row[3], row)
        except (msgspec.MsgspecError, TypeError, NewerHistory):
            self.add("event_unreadable", "its payload cannot be read", row)

    def commit_ends(self) -> None:
        """Brings the commit's lines and charges together."""
        self._settle(self._commit)
        self._commit = _CommitChecks(self)

    def later(self) -> Later | None:
        """What is left to the merging; None when nothing is."""
        if self._later is not None:
            self._later.next.update(self._carried.next)
            self._later.waiting += self._carried.waiting()
            self._carried.close()
        return self._later

    def add(self, code: str, sentence: str, row: tuple[Any, ...]) -> None:
        self._findings.add(code, f"position {row[0]}: {sentence}", row[0], row[1], row[3])

    def numbering(self, start: int) -> None:
        """The owner's numbering was set: later numbers begin at `start` at least."""
        if self._later is not None:
            self._later.renumbered = True
        self._carried.renumber(start)

    def number(self, invoice: _Invoice, row: tuple[Any, ...]) -> None:
        """The next number of its series, as R19 has it."""
        due = self._carried.due(invoice.series, invoice.sequence)
        if self._later is not None:
            self._later.first.setdefault(invoice.series, invoice.sequence)
        if invoice.sequence != due:
            gap = "a gap" if invoice.sequence > due else "a number given twice"
            sentence = f"invoice {invoice.number} follows {due - 1}: {gap} in invoice numbers"
            self.add("invoice_number_gap", sentence, row)
        if not invoice.number.endswith(str(invoice.sequence)):
            sentence = f"number {invoice.number} is not that of {invoice.sequence}"
            self.add("invoice_number_wrong", sentence, row)
        self._carried.next[invoice.series] = max(due, invoice.sequence + 1)

    def _settle(self, commit: "_CommitChecks") -> None:
        """Lines meet the charges of their commit; what is left over waits or has waited."""
        for key, where in commit.lines:
            if commit.charges[key] > 0:
                commit.charges[key] -= 1
            elif not self._carried.take(written := _text(key)):
                unmatched = _unmatched(key, where)
                if self._later is None:
                    self._findings.add(*unmatched)
                else:
                    self._later.unmatched.append((self._findings.count, written, unmatched))
        self._carried.wait([(_text(key), n) for key, n in commit.charges.items() if n > 0])


def _unmatched(key: Key, where: Where) -> tuple[str, str, int, bytes, str]:
    position, stream, topic, number = where
    sentence = (
        f"position {position}: invoice {number} has a line for {key[0]}, bill date {key[1]}, "
        f"{key[2]} to {key[3]}, that no charge stands behind, or whose charge is on another line"
    )
    return "line_without_charge", sentence, position, stream, topic


class _CommitChecks:
    """What one commit holds: its charges, its lines and the numbers it gave."""

    def __init__(self, checks: InvoiceChecks) -> None:
        self.charges: Counter[Key] = Counter()
        self.lines: list[tuple[Key, Where]] = []
        self._checks = checks
        self._pages: dict[bytes, list[tuple[_Line, tuple[Any, ...]]]] = {}
        self._sequences: list[int] = []

    def event(self, topic: str, row: tuple[Any, ...]) -> None:
        match topic:
            case "account_package.billed":
                self._billed(_billed.decode(row[5]))
            case "invoice.lines_added":
                lines = [(line, row) for line in _page.decode(row[5]).lines]
                self._pages.setdefault(row[1], []).extend(lines)
            case "invoice.generated":
                self._invoice(_invoice.decode(row[5]), row)
            case "chunk.billed":
                self._chunk(_chunk.decode(row[5]), row)
            case "owner.set_up" | "owner.invoice_numbering_changed":
                self._checks.numbering(decode(topic, row[4], row[5]).numbering.start)
            case "owner.history_restored":
                self._checks.numbering(decode(topic, row[4], row[5]).next_number)
            case _:
                pass

    def _billed(self, event: _Billed) -> None:
        ref, bill_date = event.state.ref, event.bill_date
        for c in event.charges:
            self.charges[ref, bill_date, c.start, c.end, c.service, c.kind, c.amount] += 1

    def _invoice(self, invoice: _Invoice, row: tuple[Any, ...]) -> None:
        pages = self._pages.pop(row[1], [])
        lines = [line for line, _ in pages] + invoice.lines
        self._checks.number(invoice, row)
        self._sequences.append(invoice.sequence)
        net = sum(line.amount for line in lines)
        if net != invoice.net or net + invoice.tax != invoice.total:
            sentence = (
                f"invoice {invoice.number}: the lines add up to {net}, the invoice says net "
                f"{invoice.net}, tax {invoice.tax}, total {invoice.total}"
            )
            self._checks.add("invoice_total_wrong", sentence, row)
        if len(lines) != invoice.line_count:
            sentence = f"invoice {invoice.number}: {len(lines)} lines of {invoice.line_count}"
            self._checks.add("invoice_lines_missing", sentence, row)
        where = (row[0], row[1], row[3], invoice.number)
        self.lines.extend((_key(line), where) for line in lines)

    def _chunk(self, chunk: _Chunk, row: tuple[Any, ...]) -> None:
        given = (self._sequences[0], self._sequences[-1]) if self._sequences else (0, 0)
        if (chunk.first_number, chunk.last_number) != given:
            sentence = f"the chunk says {chunk}, its invoices have numbers {given}"
            self._checks.add("chunk_numbers_wrong", sentence, row)


def _key(line: _Line) -> Key:
    amount = line.amount if line.original_amount is None else line.original_amount
    ref, bill_date = line.account_package, line.bill_date
    return (ref, bill_date, line.start, line.end, line.service, line.kind, amount)


def _text(key: Key) -> str:
    return "\x1f".join(map(str, key))
