"""Currencies without a minor unit and with a thousandth, through everything that is owed: each
amount has the digits of its currency, is rounded once and never again, and the books balance in
each of them (R12, R16, R23, R24, R25, R26, R31).
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.conversion import money
from tests.properties.effort import long, quick
from tests.properties.owed import Account, Payment
from tests.properties.owed_sides import Compared
from tests.properties.small_units import (
    DIGITS,
    HELD,
    MONTHS,
    PAYERS,
    SIGNED,
    TERM,
    Month,
    Reckoning,
    Terms,
)
from tests.rules.support import BY_RENDER_DATE, bill_run, group, owner
from tests.rules.under_contract import sound
from tests.support.world import World, account, base, package

CONVERSION = "Equity:Conversion"

terms = st.builds(
    Terms,
    st.sampled_from([("151.37", "0.3071"), ("1", "1"), ("0.00333", "9.87654321")]),
    st.sampled_from(["half_up", "half_even"]),
    st.integers(1, 9999),
    st.sampled_from([1, 777, 5000, 40_001]),
    st.sampled_from([1, 150, 333, 1250]),
)
amounts = st.integers(-2000, 9000)
months = st.lists(
    st.builds(
        Month,
        st.tuples(amounts, amounts, amounts, amounts),
        st.sampled_from([0, 33, 50, 99, 100, 133]),
        st.sampled_from([0, 0, 33, 100]),
        st.sampled_from([0, 0, 50]),
    ),
    min_size=4,
    max_size=4,
)


class Side(Compared):
    """Both, side by side."""

    def __init__(self, folder: Path, asked: Terms) -> None:
        super().__init__(begun(folder, asked), MONTHS[0])
        self.expected = Reckoning(asked)

    def month(self, place: int, month: Month) -> None:
        self.today = MONTHS[place] + timedelta(1)
        period = (MONTHS[place].isoformat(), (MONTHS[place] + timedelta(27)).isoformat())
        self.world.must("clock", "advance", "--to", f"{self.today}T15:00:00Z")
        self.world.bill(*period, run="Dun")
        self.expected.dun(self.today)
        for name, amount in zip(HELD, month.by_hand, strict=True):
            self._by_hand(name, amount, f"hand {place} {name}")
        self.compare()
        self.world.bill(*period)
        self.expected.bill(place, self.today)
        self.expected.invoice(self.today)
        self.compare()
        for name in PAYERS:
            self._money(name, month)
        self.compare()

    def _by_hand(self, name: str, amount: int, reason: str) -> None:
        if amount:
            verb = ("account", "debit") if amount > 0 else ("credit", "add")
            written = money(abs(amount), DIGITS[HELD[name]])
            self.world.must(*verb, name, written, "--reason", reason)
            self.expected.wait(name, reason, amount, self.today)

    def _money(self, name: str, month: Month) -> None:
        owing, digits = self.expected.payers[name], DIGITS[PAYERS[name]]
        paid = max(0, self.expected.balance(name)) * month.paid // 100
        if paid:
            told = ("payment", "record", name, money(paid, digits), "--kind", "cash")
            self.world.must(*told)
            payment = Payment(paid, gateway=False)
            owing.payments.append(payment)
            owing.succeed(payment, self.today, self.today, None)
            self._ids(name, owing)
        self._credit(name, month.credited)
        back = paid * month.refunded // 100
        if back:
            payment = owing.payments[-1]
            self.world.must(
                "payment", "refund", payment.id, "--amount", money(back, digits), "--yes"
            )
            owing.take_off(payment, "refund", back, self.today)

    def _ids(self, name: str, owing: Account) -> None:
        listed = self.world.read("payment", "list", "--account", name)
        for payment, shown in zip(owing.payments, listed, strict=True):
            payment.id = shown["id"]

    def _credit(self, name: str, part: int) -> None:
        """Some of the first line by hand of the latest invoice, converted or not."""
        owing = self.expected.payers[name]
        one = next((it for it in owing.documents[::-1] if it.kind == "charges"), None)
        if one is None:
            return
        by_hand = [
            line
            for line in one.lines
            if line.name.startswith("hand") and owing.left_of(one, line) * part // 100 > 0
        ]
        if not by_hand:
            return
        amount = owing.left_of(one, by_hand[0]) * part // 100
        shown = self.world.read("invoice", "show", one.number)["lines"]
        at = next(it["line"] for it in shown if it["description"] == by_hand[0].name)
        written = money(amount, DIGITS[PAYERS[name]])
        self.world.must("invoice", "credit", one.number, "--line", str(at), "--amount", written)
        owing.credit(one, [by_hand[0]._replace(amount=-amount)], self.today)
        self.world.must("payment", "collect")
        owing.spend(self.today)

    def compare(self) -> None:
        documents = self.world.invoices()
        self.digits(documents)
        for name, owing in self.expected.payers.items():
            digits = DIGITS[PAYERS[name]]
            found = [one for one in documents if one["account"] == name]
            for one, shown in zip(owing.documents, found, strict=True):
                one.number = shown["number"]
                lines = sorted(money(line.amount, digits) for line in one.lines)
                self.same(sorted(line["amount"] for line in shown["lines"]), lines, one.number)
                self.same(shown["total"], money(one.total, digits), one.number)
                self.same(shown["balance"], money(owing.open(one), digits), one.number)
            told = self.world.read("account", "balance", name)
            self.same(told["balance"], money(self.expected.balance(name), digits), name)
            self.same(told["undisbursed"], money(owing.undisbursed(), digits), name)

    def digits(self, found: Any) -> None:
        """Every amount has the decimals of the currency beside it, no more and no fewer."""
        for written, currency in amounts_in(found):
            decimals = len(written.partition(".")[2])
            self.same(decimals, DIGITS[currency], f"{written} {currency}")

    def books(self) -> None:
        trial = self.world.read("ledger", "trial-balance")
        self.digits(trial)
        self.digits(self.world.read("ledger", "journal"))
        stands: Counter[tuple[str, str]] = Counter()
        for one in trial:
            amount = Decimal(one["debit"] or 0) - Decimal(one["credit"] or 0)
            stands[one["account"], one["currency"]] += int(amount.scaleb(DIGITS[one["currency"]]))
        for payer, currency in PAYERS.items():
            owing = self.expected.payers[payer]
            whole = sum(amount for (_, its), amount in stands.items() if its == currency)
            self.same(whole, 0, f"all of {currency}")
            self.same(stands["Assets:Receivable", currency], owing.billed(), currency)
            cash = sum(one.came_to() for one in owing.payments)
            self.same(stands["Assets:Cash", currency], cash, currency)
            self.same(stands[CONVERSION, currency], self.expected.converted[currency], currency)


AMOUNTS = ("amount", "balance", "total", "net", "tax", "debit", "credit")
ORIGINAL = ("original_amount", "unit_price")


def amounts_in(found: Any) -> Iterator[tuple[str, str]]:
    """Each amount with its currency; a price is in the currency of what was charged."""
    documents: list[dict[str, Any]] = []
    json.loads(json.dumps(found), object_pairs_hook=lambda pairs: documents.append(dict(pairs)))
    for document in documents:
        currency: str | None = document.get("currency")
        original: str | None = document.get("original_currency") or currency
        for keys, its in ((AMOUNTS, currency), (ORIGINAL, original)):
            for key in keys:
                if its is not None and isinstance(document.get(key), str):
                    yield document[key], its


def begun(folder: Path, asked: Terms) -> World:
    world = World(folder, clock=f"{MONTHS[0]}T15:00:00Z")
    late = {"event": "after", "days": 1, "action": "late_fee_percent", "percent": money(asked.late)}
    jpy, kwd = asked.rates
    sold = {"code": "internet", "name": "Internet", "frequency": "monthly"}
    prices = {currency: money(asked.price, DIGITS[currency]) for currency in ("JPY", "KWD")}
    others = {"CJ-1": "K-1", "CK-1": "J-1"}
    world.apply(
        base(
            owner=owner(currencies=list(DIGITS), rounding=asked.rounding),
            exchange_rates=[
                {
                    "name": "October 2020",
                    "effective": "2020-10-01",
                    "rates": {"JPY": jpy, "KWD": kwd},
                }
            ],
            ar_terms=[{"name": "Late", "payment_term": f"net {TERM}", "levels": [late]}],
            bill_groups=[group(**BY_RENDER_DATE)],
            packages=[{**sold, "prices": prices}],
            accounts=[
                account(
                    name,
                    package(f"{name}/i", "2020-09-16"),
                    currency=currency,
                    ar_term="Late",
                    **({"parent": others[name], "invoicer": "parent"} if name in others else {}),
                )
                for name, currency in HELD.items()
            ],
            contracts=[contract(name, asked) for name in HELD],
            bill_runs=[
                bill_run(actions=["bill_packages", "contract_terms", "generate_invoice"]),
                bill_run("Dun", actions=["dunning"]),
            ],
        )
    )
    return world


def contract(name: str, asked: Terms) -> dict[str, Any]:
    amount = money(asked.commitment, DIGITS[HELD[name]])
    return {
        "id": f"{name}/k",
        "account": name,
        "start": f"{SIGNED}",
        "term": "annual",
        "commitment": {"amount": amount, "per": "monthly"},
    }


def check(asked: Terms, life: list[Month]) -> Side:
    with TemporaryDirectory() as folder:
        side = Side(Path(folder), asked)
        for place, month in enumerate(life):
            side.month(place, month)
        side.books()
        sound(side.world)
        return side


@quick(3)
@given(terms, months)
def test_small_units_are_neither_lost_nor_made(asked: Terms, life: list[Month]) -> None:
    check(asked, life)


@pytest.mark.chaos
@long(30)
@given(terms, months)
def test_many_months_in_small_units(asked: Terms, life: list[Month]) -> None:
    check(asked, life)


def test_the_reckoning_of_small_units_is_not_idle() -> None:
    """Figures worked out by hand, by rates of 151.37 JPY and 0.3071 KWD."""
    asked = Terms(("151.37", "0.3071"), "half_up", 999, 5000, 333)
    nothing = (0, 0, 0, 0)
    life = [
        Month((1000, -1, 1001, 777), 50, 33, 50),
        Month(nothing, 0, 0, 0),
        Month(nothing, 100, 0, 0),
        Month(nothing, 0, 0, 0),
    ]
    side = check(asked, life)
    first, *_ = side.expected.payers["J-1"].documents
    # 999 x 15/30 = 499.5; 0.777 and 0.500 KWD are 382.98 and 246.45 JPY
    assert sorted(line.amount for line in first.lines) == [246, 383, 500, 1000]
    kwd = side.expected.payers["K-1"].documents
    # 1001 and 500 JPY are 2.031 and 1.014 KWD
    assert sorted(line.amount for line in kwd[0].lines) == [-1, 500, 1014, 2031]
    late = [line.amount for one in kwd for line in one.lines if line.name == "late"]
    # 3.544 less 1.772, and 0.886 given back: 2.658 less a credit note of 0.670
    assert late[0] == 66
    short = [line.amount for one in kwd for line in one.lines if line.name == "short"]
    # 15 of 30 days of 5.000 KWD and of 5000 JPY, less 0: half of it; then 5.000 less 0.999
    assert short[:2] == [2500, 5072]
    assert 4001 in short[2:]
