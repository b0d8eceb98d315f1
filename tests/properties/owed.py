"""Money owed, reckoned a second time and naively from the words of the rules (R21, R23, R25, R26).

Whatever happens is a dated move: money comes or goes, and a share of it pays a document or is
taken off it again. What is open, free or owed at the end of any day is the sum of the moves up
to it, over everything again at every question.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

EVER = date.max
AGES = ("current", "1_30", "31_60", "61_90", "over_90")


class Waiting(NamedTuple):
    """A manual transaction: a debit, or a credit below zero; runs that reach `on` take it."""

    name: str
    amount: int
    on: date


class Document:
    """An invoice, a credit note, or what takes one of them back; by name what stands on it."""

    def __init__(self, kind: str, dated: tuple[date, date, date], lines: Sequence[Waiting]) -> None:
        self.kind = kind
        self.date, self.due, self.posted = dated
        self.lines = list(lines)
        self.of: Document | None = None
        self.void = False
        self.number = ""

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


class Payment:
    """Asked for or recorded; `flows` is what came and went of it, and when."""

    def __init__(self, amount: int, gateway: bool, collection: str = "") -> None:
        self.amount = amount
        self.gateway = gateway
        self.collection = collection
        self.status = "pending"
        self.flows: list[tuple[date, str, int]] = []
        self.retry_on: date | None = None
        self.id = ""

    def came_to(self, *kinds: str, at: date = EVER) -> int:
        return sum(n for day, kind, n in self.flows if day <= at and (kind in kinds or not kinds))

    @property
    def since(self) -> date:
        return self.flows[0][0]


Money = Payment | Document


class Move(NamedTuple):
    """A share of money pays a document, or is taken off it."""

    day: date
    money: Money
    document: Document
    amount: int


class Account:
    """What one account owes, with those that it pays for."""

    def __init__(self, term: int, retries: tuple[int, ...]) -> None:
        self.term = timedelta(term)
        self.retries = retries
        self.documents: list[Document] = []
        self.payments: list[Payment] = []
        self.waiting: list[Waiting] = []
        self.moves: list[Move] = []
        self.money: list[Money] = []
        self.auto_pay = True
        self.first_decline: date | None = None
        self.tried = 0

    # what it is at the end of a day

    def open(self, one: Document, at: date = EVER) -> int:
        """What of a document is not paid; below zero: what of it pays nothing yet."""
        if one.posted > at:
            return 0
        to = sum(m.amount for m in self.moves if m.document is one and m.day <= at)
        return one.total - to + self.spent(one, at)

    def spent(self, money: Money, at: date = EVER) -> int:
        return sum(m.amount for m in self.moves if m.money is money and m.day <= at)

    def share(self, money: Money, one: Document) -> int:
        return sum(m.amount for m in self.moves if m.money is money and m.document is one)

    def rest(self, money: Money, at: date = EVER) -> int:
        """What of money pays nothing yet."""
        if isinstance(money, Document):
            return max(0, -self.open(money, at))
        return money.came_to(at=at) - self.spent(money, at)

    def undisbursed(self, at: date = EVER) -> int:
        return sum(self.rest(one, at) for one in self.payments)

    def unapplied(self, at: date = EVER) -> int:
        return sum(self.rest(one, at) for one in self.money)

    @property
    def pending(self) -> int:
        return sum(one.amount for one in self.payments if one.status == "pending")

    @property
    def waits(self) -> int:
        return sum(one.amount for one in self.waiting)

    def billed(self, at: date = EVER) -> int:
        """Documents less money, whatever pays what."""
        documents = sum(one.total for one in self.documents if one.posted <= at)
        return documents - sum(one.came_to(at=at) for one in self.payments)

    @property
    def balance(self) -> int:
        """R25: invoices + waiting debits - waiting credits - payments."""
        return self.billed() + self.waits

    def asked(self, collection: str, today: date) -> int:
        """R23: all, or what is due, less attempts pending and never more than all of it."""
        whole = self.balance - self.pending
        if collection == "account_balance":
            return max(0, whole)
        due = sum(max(0, self.open(one)) for one in self.documents if one.due <= today)
        return max(0, min(whole, due - self.unapplied() - self.pending))

    def ages(self, at: date) -> dict[str, int]:
        """R26: what is open by the days that it is past due."""
        found: dict[str, int] = {age: 0 for age in AGES}
        for one in self.documents:
            late = (at - one.due).days
            column = 0 if late <= 0 else min(4, (late - 1) // 30 + 1)
            found[AGES[column]] += max(0, self.open(one, at))
        return found

    # what happens

    def spend(self, today: date) -> None:
        """The oldest money pays the oldest open document."""
        for money in sorted(self.money, key=self._age):
            for one in sorted(self.documents, key=lambda one: one.date):
                self.pay(money, one, today)

    @staticmethod
    def _age(money: Money) -> tuple[date, int, str]:
        """No rule says which money of one day is older: payments by their ids, then documents by
        their numbers, as the program has it. What has no name yet is the newest.
        """
        if isinstance(money, Document):
            digits = money.number.partition("-")[2]
            return money.date, int(digits or 10**9), ""
        return money.since, 0, money.id or "~"

    def pay(self, money: Money, one: Document, today: date) -> None:
        amount = min(self.rest(money), self.open(one))
        if amount > 0:
            self.moves.append(Move(today, money, one, amount))

    def detach(self, money: Money, one: Document, amount: int, today: date) -> None:
        if amount:
            self.moves.append(Move(today, money, one, -amount))

    def document(self, one: Document) -> Document:
        self.documents.append(one)
        if one.total < 0:
            self.money.append(one)
        return one

    def succeed(self, payment: Payment, on: date, today: date, first: Document | None) -> None:
        payment.status = "succeeded"
        payment.flows.append((on, "came", payment.amount))
        self.money.append(payment)
        self.end_retries()
        if first is not None:
            self.pay(payment, first, today)
        self.spend(today)

    def end_retries(self) -> None:
        self.first_decline, self.tried = None, 0
        for one in self.payments:
            one.retry_on = None

    def decline(self, payment: Payment, today: date) -> None:
        payment.status = "declined"
        if self.first_decline is None:
            self.first_decline = today
        if self.tried < len(self.retries):
            payment.retry_on = self.first_decline + timedelta(self.retries[self.tried])
            self.tried += 1
        else:
            self.end_retries()

    @property
    def retried_on(self) -> date | None:
        """The day on which what was declined is tried again."""
        return next((one.retry_on for one in self.payments if one.retry_on), None)

    def take_off(self, payment: Payment, kind: str, amount: int, today: date) -> None:
        """Free money goes first, and then what it pays, the last that it began to pay first: no
        rule says which.
        """
        payment.flows.append((today, kind, -amount))
        for one in self.paid_by(payment)[::-1]:
            missing = max(0, -self.rest(payment))
            self.detach(payment, one, min(missing, self.share(payment, one)), today)
        self.spend(today)

    def paid_by(self, payment: Payment) -> list[Document]:
        """In the order in which it began to pay them."""
        shares: dict[Document, int] = {}
        for move in self.moves:
            if move.money is payment:
                shares[move.document] = shares.get(move.document, 0) + move.amount
                if not shares[move.document]:
                    del shares[move.document]
        return list(shares)

    def put_back(self, payment: Payment, kind: str, amount: int, today: date) -> None:
        payment.flows.append((today, kind, amount))
        self.spend(today)

    def invoice(self, up_to: date, posting: date, today: date, spends: bool = True) -> bool:
        """R15, R20: all that waits and is reached; none of zero."""
        lines = [one for one in self.waiting if one.on <= up_to]
        if not sum(line.amount for line in lines):
            return False
        self.waiting = [one for one in self.waiting if one not in lines]
        self.document(Document("charges", (posting, posting + self.term, posting), lines))
        if spends:
            self.spend(today)
        return True

    def left_of(self, one: Document, line: Waiting) -> int:
        """What of a line is not credited yet."""
        stands = [mine for note in self.notes(one) for mine in note.lines]
        return line.amount + sum(mine.amount for mine in stands if mine.name == line.name)

    def notes(self, one: Document) -> list[Document]:
        """Credit notes of an invoice, but for void ones."""
        return [
            note
            for note in self.documents
            if note.of is one and note.kind == "credit_note" and not note.void
        ]

    def credit(self, one: Document, lines: Sequence[Waiting], today: date) -> None:
        """A credit note pays what its invoice still owes; what is left over is free (R25). It
        pays something else when the collector comes by.
        """
        note = self.document(Document("credit_note", (today, today, today), lines))
        note.of = one
        self.pay(note, one, today)

    def take_back(self, one: Document, today: date) -> None:
        """R21: a counter-document, what stood on it waits again, what paid it is free. It pays
        something else when the collector comes by.
        """
        for other in self.documents:
            for money, paid in ((one, other), (other, one)):
                self.detach(money, paid, self.share(money, paid), today)
        for payment in self.payments:
            self.detach(payment, one, self.share(payment, one), today)
        lines = [line._replace(amount=-line.amount) for line in one.lines]
        counter = self.document(Document("reversal", (today, today, today), lines))
        counter.of, one.void = one, True
        first, second = (counter, one) if one.total > 0 else (one, counter)
        self.pay(first, second, today)
        if one.kind == "charges":
            self.waiting += one.lines
