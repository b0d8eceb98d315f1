"""What is owed in JPY and in KWD, reckoned a second time from the words of the rules: packages,
shortfalls, late fees and what is done by hand, converted to the currency of who pays.
"""

from collections import Counter
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.properties.conversion import rounded
from tests.properties.owed import Account, Document, Waiting

DIGITS = {"USD": 2, "JPY": 0, "KWD": 3}
PAYERS = {"J-1": "JPY", "K-1": "KWD"}
HELD = {"J-1": "JPY", "K-1": "KWD", "CJ-1": "JPY", "CK-1": "KWD"}
PAYER = {"J-1": "J-1", "K-1": "K-1", "CJ-1": "K-1", "CK-1": "J-1"}
TERM = 10
MONTHS = [date(2020, 10, 1), date(2020, 11, 1), date(2020, 12, 1), date(2021, 1, 1)]
SIGNED = date(2020, 11, 16)


class Terms(NamedTuple):
    """Amounts in minor units, whatever the currency; `late` in hundredths of a per cent."""

    rates: tuple[str, str]
    rounding: str
    price: int
    commitment: int
    late: int


class Month(NamedTuple):
    """By hand on each account: a debit, or a credit below zero; then what is paid, credited of a
    line by hand and given back, in per cent.
    """

    by_hand: tuple[int, int, int, int]
    paid: int
    credited: int
    refunded: int


class Reckoning:
    """Who pays is an account of its own; what others owe comes to it converted."""

    def __init__(self, asked: Terms) -> None:
        self.asked = asked
        jpy, kwd = map(Fraction, asked.rates)
        self.rates = {"JPY": jpy, "KWD": kwd}
        self.payers = {name: Account(TERM, ()) for name in PAYERS}
        self.waiting: dict[str, list[Waiting]] = {name: [] for name in HELD}
        self.charged: dict[str, list[int]] = {name: [] for name in HELD}
        self.dunned: set[Document] = set()
        self.converted: Counter[str] = Counter()

    def round(self, exact: Fraction) -> int:
        return rounded(exact, self.asked.rounding)

    def convert(self, amount: int, source: str, target: str) -> int:
        if source == target:
            return amount
        exact = Fraction(amount, 10 ** DIGITS[source]) * self.rates[target] / self.rates[source]
        return self.round(exact * 10 ** DIGITS[target])

    def dun(self, today: date) -> None:
        """R24: per cent of the balance of each invoice that is past due, once, without fees."""
        for name, owing in self.payers.items():
            for one in owing.documents:
                if one.kind != "charges" or one in self.dunned or one.due >= today:
                    continue
                fees = sum(line.amount for line in one.lines if line.name.startswith("late"))
                if owing.open(one) <= 0:
                    continue
                self.dunned.add(one)
                bearing = max(0, owing.open(one) - fees)
                fee = self.round(Fraction(bearing * self.asked.late, 10_000))
                self.wait(name, "late", fee, today)

    def wait(self, name: str, what: str, amount: int, today: date) -> None:
        if amount:
            self.waiting[name].append(Waiting(what, amount, today))

    def bill(self, place: int, today: date) -> None:
        """R12, R31: a package held since 16 September in arrears; what a month's bill is short."""
        price, commitment = self.asked.price, self.asked.commitment
        for name in HELD:
            amount = self.round(Fraction(price * 15, 30)) if place == 0 else price
            self.waiting[name].append(Waiting("package", amount, today))
            if MONTHS[place] > SIGNED:
                whole = (MONTHS[place] - MONTHS[place - 1]).days
                days = (MONTHS[place] - max(SIGNED, MONTHS[place - 1])).days
                committed = self.round(Fraction(commitment * days, whole))
                counted = self.charged[name][-1] if MONTHS[place - 1] >= SIGNED else 0
                self.wait(name, "short", max(0, committed - counted), today)
            self.charged[name].append(amount)

    def invoice(self, today: date) -> None:
        for payer, owing in self.payers.items():
            lines: list[Waiting] = []
            for name in HELD:
                if PAYER[name] != payer:
                    continue
                for one in self.waiting[name]:
                    amount = self.convert(one.amount, HELD[name], PAYERS[payer])
                    lines.append(one._replace(amount=amount))
            if not sum(line.amount for line in lines):
                continue
            for name in HELD:
                if PAYER[name] == payer:
                    self._clear(name, PAYERS[payer])
            owing.waiting = lines
            owing.invoice(today, today, today)

    def _clear(self, name: str, target: str) -> None:
        """The books exchange what was added by hand, when it is invoiced."""
        source = HELD[name]
        for one in self.waiting[name]:
            if source != target and one.name.startswith("hand"):
                self.converted[source] += one.amount
                self.converted[target] -= self.convert(one.amount, source, target)
        self.waiting[name] = []

    def waits(self, payer: str) -> int:
        """By hand in the currency of who pays: others have no rate yet. Fees of a run count when
        they are invoiced (R25).
        """
        return sum(
            one.amount
            for name in HELD
            if PAYER[name] == payer and HELD[name] == PAYERS[payer]
            for one in self.waiting[name]
            if one.name.startswith("hand")
        )

    def balance(self, payer: str) -> int:
        return self.payers[payer].billed() + self.waits(payer)
