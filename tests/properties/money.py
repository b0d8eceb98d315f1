"""Money owed, lived at random: invoices, payments, credits, voids, reversals, in any order.

After every step the books balance, and each account owes what its journal and the dashboards say
(R25, R26); at the end every day's revenue is looked at, and history and views are verified.
"""

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infra.composition import open_app
from infra.verify_books import verify_books
from tests.properties.books import check_balances, check_every_day, content
from tests.rules.support import bill_run, group
from tests.support.world import World, account, base, package

ACCOUNTS = ("A-1", "P-1", "C-1", "D-1")
INVOICERS = ("A-1", "P-1", "D-1")
accounts = st.sampled_from(ACCOUNTS)
places = st.integers(0, 7)
cents = st.integers(1, 6_000)


def written(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def business() -> dict[str, Any]:
    """One who pays alone, a parent in EUR with a child in USD, one billed in advance; late fees
    after five days, and a minimum commitment.
    """
    setup = base(
        gl_codes=[
            {
                "code": "4100",
                "debit": "Assets:Receivable",
                "credit": "Income:Advance",
                "deferred": "Liabilities:Deferred",
            }
        ],
        bill_groups=[group(payment_term="net 3")],
        accounts=[
            account("A-1", package("a", "2020-09-10")),
            account("P-1", package("p", "2020-09-01"), currency="EUR"),
            account("C-1", package("c", "2020-09-01"), parent="P-1", invoicer="parent"),
            account("D-1", package("d", "2020-10-01", code="adv")),
        ],
        bill_runs=[
            bill_run(),
            bill_run("Charge", actions=["bill_packages"]),
            bill_run("Invoice", actions=["generate_invoice"]),
        ],
    )
    advance = {"code": "adv", "name": "In advance", "frequency": "monthly", "billing": "advance"}
    setup["packages"].append({**advance, "prices": {"USD": "31.00"}, "gl_code": "4100"})
    return setup


class Money(RuleBasedStateMachine):
    """A business that bills, is paid, and corrects what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="billstream-"))
        self.world = World(self.folder)
        self.today = date(2020, 10, 5)

    @initialize()
    def open(self) -> None:
        self.world.apply(business())

    def teardown(self) -> None:
        try:
            self.world.must("ledger", "trial-balance")
            self.world.must("verify")
            with open_app(self.world.url) as app:
                check_every_day(self.world, app)
        finally:
            shutil.rmtree(self.folder)

    @invariant()
    def owes_what_the_journal_says(self) -> None:
        with open_app(self.world.url) as app:
            assert verify_books(app) == []
            if app.views.head():
                check_balances(self.world, app, INVOICERS)

    def ask(self, *words: str) -> None:
        """A command line that may be refused, with a cause."""
        answer = self.world.ask(*words)
        assert "unexpected" not in answer.err, (words, answer.err)

    # time and runs

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)
        self.world.must("clock", "advance", "--to", f"{self.today}T15:00:00Z")

    @rule(name=st.sampled_from(["Default", "Default", "Charge", "Invoice"]))
    def run(self, name: str) -> None:
        period = ("--period-start", "2020-09-01", "--period-end", self.today.isoformat())
        self.ask("bill-run", "schedule", name, "--now", "--catch-up", "all", *period)

    @rule()
    def reverse_and_run_again(self) -> None:
        """A run, its reversal and the same run: the same invoices again (R22)."""
        period = ("2020-09-01", self.today.isoformat(), "--catch-up", "all")
        execution = self.world.bill(*period)
        billed = content(self.world, execution)
        self.world.must("execution", "reverse", execution, "--yes")
        assert content(self.world, self.world.bill(*period)) == billed

    # what is paid and given back

    @rule(account=accounts, amount=cents)
    def pay(self, account: str, amount: int) -> None:
        words = ("payment", "record", account, written(amount), "--kind", "transfer")
        self.ask(*words)

    @rule(place=places, amount=st.none() | cents)
    def refund(self, place: int, amount: int | None) -> None:
        payment = self._one(self.world.read("payment", "list"), place)
        if payment is not None:
            some = () if amount is None else ("--amount", written(amount))
            self.ask("payment", "refund", payment["id"], *some, "--yes")

    @rule(place=places)
    def remove_payment(self, place: int) -> None:
        payment = self._one(self.world.read("payment", "list"), place)
        if payment is not None:
            self.ask("payment", "remove", payment["id"], "--yes")

    # what is corrected

    @rule(account=accounts, amount=cents, verb=st.sampled_from(["credit add", "account debit"]))
    def correct_by_hand(self, account: str, amount: int, verb: str) -> None:
        self.ask(*verb.split(), account, written(amount))

    @rule(place=places)
    def remove_transaction(self, place: int) -> None:
        found = self._one(self.world.read("credit", "list"), place)
        if found is not None:
            self.ask("credit", "remove", found["id"])

    @rule(place=places, amount=st.none() | cents)
    def credit_invoice(self, place: int, amount: int | None) -> None:
        invoice = self._one(self.world.read("invoice", "list"), place)
        if invoice is not None:
            some = () if amount is None else ("--line", "1", "--amount", written(amount))
            self.ask("invoice", "credit", invoice["number"], *some)

    @rule(place=places)
    def void(self, place: int) -> None:
        """The newest ones are tried, for only the latest of an account can be voided."""
        invoice = self._one(list(reversed(self.world.read("invoice", "list"))), place)
        if invoice is not None:
            self.ask("invoice", "void", invoice["number"], "--yes")

    @rule(place=places)
    def reverse(self, place: int) -> None:
        execution = self._one(self.world.read("bill-run", "completed"), place)
        if execution is not None:
            self.ask("execution", "reverse", execution["id"], "--yes")

    @rule()
    @precondition(lambda self: self.today.day > 3)
    def close(self) -> None:
        through = self.today - timedelta(days=self.today.day)
        self.ask("ledger", "close", "--through", through.isoformat())

    def _one(self, found: list[Any], place: int) -> Any:
        return found[place % len(found)] if found else None
