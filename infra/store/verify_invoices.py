"""Invoices against the charges they are made of, and their numbers (R14, R15, R19).

Looks at one commit at a time. Charges and the lines that bill them mostly stand in one commit;
what one commit leaves to later ones is kept in `infra.store.verify_carried`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from aggregates.identity import parse
from aggregates.invoice_state import CREDIT_NOTES, SERIES
from infra.store.database import Database
from infra.store.findings import Findings
from infra.store.numbers import start_in
from infra.store.verify_carried import Carried, Later, Unmatched
from infra.store.verify_reversals import credits_lines_of, is_reversal_of
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
    transaction: str = ""
    of_line: int | None = None


class _Fee(msgspec.Struct, gc=False):
    """What made a fee: a dunning level, a commit period that closed, an early end (R24, R31)."""

    transaction: str = ""
    fee: int = 0
    shortfall: int = 0
    amount: int = 0


class _Manual(msgspec.Struct, gc=False):
    """A manual transaction, with the charge it stands for (R25)."""

    transaction: str
    charge: _Charge


class _Added(msgspec.Struct, gc=False):
    transaction: _Manual


class _Restored(msgspec.Struct, gc=False):
    transactions: list[_Manual]


class _Removed(msgspec.Struct, gc=False):
    transaction: str


class _TakenBack(msgspec.Struct, gc=False):
    packages: dict[str, str]


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
    kind: str = "charges"
    reverses: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    first_number: int = 0
    last_number: int = 0


Key = tuple[str, str, str, str, str, str, int]
Where = tuple[int, bytes, str, str]

_billed = msgspec.json.Decoder(_Billed)
_page = msgspec.json.Decoder(_Page)
_invoice = msgspec.json.Decoder(_Invoice)
_chunk = msgspec.json.Decoder(_Chunk)
_fee = msgspec.json.Decoder(_Fee)
_restored = msgspec.json.Decoder(_Restored)
_removed = msgspec.json.Decoder(_Removed)
_taken_back = msgspec.json.Decoder(_TakenBack)
_added = msgspec.json.Decoder(_Added)


class InvoiceChecks:
    """An observer of commits: every line has its charge, once; totals are sums; numbers follow.
    `carried` is what the commits before have left; None where only the merging will know.
    """

    def __init__(self, database: Database, findings: Findings, carried: Carried | None) -> None:
        self._database = database
        self._findings = findings
        self._carried = carried or Carried()
        self._later = Later() if carried is None else None
        self._commit = _CommitChecks(self)

    def event(self, row: tuple[Any, ...]) -> None:
        """Looks at one event of the commit that is being read."""
        try:
            self._commit.event(row)
        except (msgspec.MsgspecError, TypeError, ValueError, NewerHistory):
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

    def numbering(self, event: object) -> None:
        """The owner's numbering was set: later numbers begin at its start at least."""
        if self._later is not None:
            self._later.renumbered = True
        for series in (SERIES, CREDIT_NOTES):
            self._carried.renumber(series, start_in(event, series))

    def corrects(self, invoice: _Invoice, lines: list[_Line], row: tuple[Any, ...]) -> None:
        """A document that takes another back, or credits lines of it, says what that one says."""
        stream = parse(invoice.reverses or "")
        if invoice.kind == "reversal":
            right = is_reversal_of(self._database, stream, row[1])
        else:
            credited = [(line.of_line, line.amount) for line in lines]
            right = credits_lines_of(self._database, stream, credited)
        if not right:
            sentence = f"{invoice.number} takes back what {invoice.reverses} does not say"
            self.add("correction_wrong", sentence, row)

    def forget(self, low: str, high: str) -> None:
        """Charges that waited are taken back: no line may bill them any more."""
        self._carried.forget(low, high)
        if self._later is not None:
            self._later.forgotten.append((low, high))

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
                    self._later.unmatched.append(
                        Unmatched(
                            self._findings.count, len(self._later.forgotten), written, unmatched
                        )
                    )
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

    def event(self, row: tuple[Any, ...]) -> None:
        look = _LOOKS.get(row[3])
        if look is not None:
            look(self, row)

    def renumbered(self, row: tuple[Any, ...]) -> None:
        self._checks.numbering(decode(row[3], row[4], row[5]))

    def added(self, row: tuple[Any, ...]) -> None:
        """A manual transaction waits."""
        self._transaction(_added.decode(row[5]).transaction)

    def restored(self, row: tuple[Any, ...]) -> None:
        """Manual transactions wait again."""
        for transaction in _restored.decode(row[5]).transactions:
            self._transaction(transaction)

    def removed(self, row: tuple[Any, ...]) -> None:
        low = _text(_of_transaction(_removed.decode(row[5]).transaction, 0))[:-1]
        self._checks.forget(low, low + "\x7f")

    def taken_back(self, row: tuple[Any, ...]) -> None:
        """Charges are taken back."""
        for ref, first in _taken_back.decode(row[5]).packages.items():
            self._checks.forget(f"{ref}\x1f{first}", f"{ref}\x1f\x7f")

    def _transaction(self, found: _Manual) -> None:
        self.charges[_of_transaction(found.transaction, found.charge.amount)] += 1

    def billed(self, row: tuple[Any, ...]) -> None:
        event = _billed.decode(row[5])
        ref, bill_date = event.state.ref, event.bill_date
        for c in event.charges:
            self.charges[ref, bill_date, c.start, c.end, c.service, c.kind, c.amount] += 1

    def fee(self, row: tuple[Any, ...]) -> None:
        event = _fee.decode(row[5])
        if event.transaction:
            amount = event.fee or event.shortfall or event.amount
            self.charges[_of_transaction(event.transaction, amount)] += 1

    def page(self, row: tuple[Any, ...]) -> None:
        lines = [(line, row) for line in _page.decode(row[5]).lines]
        self._pages.setdefault(row[1], []).extend(lines)

    def invoice(self, row: tuple[Any, ...]) -> None:
        invoice = _invoice.decode(row[5])
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
        if invoice.kind == "charges":
            self.lines.extend((_key(line), where) for line in lines)
        else:
            self._checks.corrects(invoice, lines, row)

    def chunk(self, row: tuple[Any, ...]) -> None:
        chunk = _chunk.decode(row[5])
        given = (self._sequences[0], self._sequences[-1]) if self._sequences else (0, 0)
        if (chunk.first_number, chunk.last_number) != given:
            sentence = f"the chunk says {chunk}, its invoices have numbers {given}"
            self._checks.add("chunk_numbers_wrong", sentence, row)


_LOOKS: dict[str, Callable[[_CommitChecks, tuple[Any, ...]], None]] = {
    "account_package.billed": _CommitChecks.billed,
    "invoice.dunning_level_reached": _CommitChecks.fee,
    "contract.period_closed": _CommitChecks.fee,
    "contract.termination_charged": _CommitChecks.fee,
    "invoice.lines_added": _CommitChecks.page,
    "invoice.generated": _CommitChecks.invoice,
    "chunk.billed": _CommitChecks.chunk,
    "owner.set_up": _CommitChecks.renumbered,
    "owner.invoice_numbering_changed": _CommitChecks.renumbered,
    "owner.credit_note_numbering_changed": _CommitChecks.renumbered,
    "owner.history_restored": _CommitChecks.renumbered,
    "receivables.transaction_added": _CommitChecks.added,
    "receivables.restored": _CommitChecks.restored,
    "receivables.transaction_removed": _CommitChecks.removed,
    "receivables.taken_back": _CommitChecks.taken_back,
}
"""What is looked at in an event of each type; the others say nothing about invoices."""


def _key(line: _Line) -> Key:
    amount = line.amount if line.original_amount is None else line.original_amount
    if line.transaction:
        return _of_transaction(line.transaction, amount)
    ref, bill_date = line.account_package, line.bill_date
    return (ref, bill_date, line.start, line.end, line.service, line.kind, amount)


def _of_transaction(id: str, amount: int) -> Key:
    """What has an id of its own and no account-package is known by it."""
    return ("", "", "", "", id, "", amount)


def _text(key: Key) -> str:
    return "\x1f".join(map(str, key))
