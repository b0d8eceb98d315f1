"""Turns in the lives of accounts that owe money: each is done by the command line and by the
reckoning, and both are compared after it.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.properties.conversion import money
from tests.properties.owed import Account, Document, Payment, Waiting
from tests.properties.owed_sides import FIRST, PAYER, TOKENS, Sides, business
from tests.support.gateway import Served
from tests.support.owed_office import SECRET, served
from tests.support.world import World


class Turn(NamedTuple):
    """What happens: `whose` and `place` say to which, `amount` in cents; None: all of it."""

    what: str
    whose: str
    place: int
    amount: int | None
    days: int


class Life(Sides):
    """What can happen, by the names of turns."""

    def __init__(self, world: World, gateway: Served) -> None:
        super().__init__(world, gateway)
        self.done: dict[str, int] = {}
        self.heard = 0

    def live(self, turn: Turn) -> None:
        if getattr(self, turn.what)(turn) is not False:
            self.done[turn.what] = self.done.get(turn.what, 0) + 1
            self.compare()

    # time and runs

    def wait(self, turn: Turn) -> None:
        """Days go by; what was declined is tried again on its day."""
        end = self.today + timedelta(turn.days)
        while self.today < end:
            retries = {one.retried_on for one in self.accounts.values()} - {None}
            self.today = min([end, *(day for day in retries if day is not None)])
            self.world.must("clock", "advance", "--to", f"{self.today}T15:00:00Z")
            for name, owing in self.accounts.items():
                self._retry(name, owing)

    def _retry(self, name: str, owing: Account) -> None:
        again = next((one for one in owing.payments if one.retry_on == self.today), None)
        if again is not None:
            again.retry_on = None
            if not self._ask(name, owing, again.collection):
                owing.end_retries()

    def invoice(self, turn: Turn) -> None:
        """Dated some days back, in some lives."""
        posting = self.today - timedelta(turn.days % 4)
        self._run("Invoice", "--posting-date", posting.isoformat())
        for owing in self.accounts.values():
            owing.invoice(self.today, posting, self.today)

    def bill(self, turn: Turn) -> None:
        """Two debits, of which one may wait, and the invoice."""
        self.debit(turn._replace(days=1))
        self.debit(turn)
        self.invoice(turn)

    def collect(self, turn: Turn) -> None:
        collection = ("balance_due", "account_balance")[turn.place % 2]
        self._run(collection)
        for name, owing in self.accounts.items():
            if owing.auto_pay and owing.retried_on is None:
                self._ask(name, owing, collection)

    def invoice_and_collect(self, turn: Turn) -> None:
        """R4: first the invoice, then the money; what the run asks for it asks before money that
        is free pays the new invoice, and before an invoice below zero pays others.
        """
        self._run("Both")
        for name, owing in self.accounts.items():
            owing.invoice(self.today, self.today, self.today, spends=False)
            if owing.auto_pay and owing.retried_on is None:
                self._ask(name, owing, "balance_due")
            owing.spend(self.today)

    def _run(self, name: str, *more: str) -> None:
        first = self.today.replace(day=1)
        self.world.bill(first.isoformat(), self.today.isoformat(), *more, run=name)

    def _ask(self, name: str, owing: Account, collection: str) -> bool:
        amount = owing.asked(collection, self.today)
        if not amount:
            return False
        payment = Payment(amount, gateway=True, collection=collection)
        owing.payments.append(payment)
        self.asked.append((name, amount))
        match self.tokens[name]:
            case "good":
                owing.succeed(payment, self.today, self.today, None)
            case "bad":
                owing.decline(payment, self.today)
            case _:
                pass
        return True

    # money that comes

    def method(self, turn: Turn) -> None:
        name = PAYER[turn.whose]
        token = ("good", "bad", "slow", "slow")[turn.place % 4]
        auto = turn.days % 12 != 0
        words = ("payment-method", "change", name, "visa", "--token", TOKENS[token])
        self.must(*words, "--auto-pay" if auto else "--no-auto-pay")
        self.tokens[name], self.accounts[name].auto_pay = token, auto

    def record(self, turn: Turn) -> None:
        """Some of it for an invoice that is named; some of it came days ago."""
        name = PAYER[turn.whose]
        owing, amount = self.accounts[name], turn.amount or 1000
        on = self.today - timedelta(turn.days % 3)
        words = ["payment", "record", name, money(amount), "--kind", "cash", "--on", f"{on}"]
        open_ones = [one for one in owing.documents if owing.open(one) > 0]
        first = None
        if open_ones and turn.place % 2:
            first = open_ones[turn.place % len(open_ones)]
            words += ["--invoice", first.number]
        self.must(*words)
        payment = Payment(amount, gateway=False)
        owing.payments.append(payment)
        owing.succeed(payment, on, self.today, first)

    def settle(self, turn: Turn) -> bool:
        """A payment that was processing succeeds."""
        found = [
            (owing, one)
            for owing in self.accounts.values()
            for one in owing.payments
            if one.status == "pending"
        ]
        if not found:
            return False
        owing, payment = found[turn.place % len(found)]
        self.gateway.settle(self._reference(payment))
        self.must("payment", "collect")
        owing.succeed(payment, self.today, self.today, None)
        return True

    # money that goes

    def refund(self, turn: Turn) -> bool:
        owing, payment = self._paid(turn)
        if payment is None:
            return False
        left = payment.came_to()
        some = () if turn.amount is None else ("--amount", money(turn.amount))
        code = "nothing_to_refund" if not left else ""
        if left and turn.amount is not None and turn.amount > left:
            code = "refund_too_large"
        self.must("payment", "refund", payment.id, *some, "--yes", code=code)
        if not code:
            owing.take_off(payment, "refund", turn.amount or left, self.today)
        return True

    def come_back(self, turn: Turn) -> bool:
        """A refund by the gateway is not taken by the customer's bank."""
        given = [one for one in self.gateway.refunds if one["status"] == "succeeded"]
        if not given:
            return False
        refund = given[turn.place % len(given)]
        self._hear("refund.failed", self.gateway.return_refund(refund["id"]))
        owing, payment = self._by_reference(refund["payment_intent"])
        owing.put_back(payment, "refund", refund["amount"], self.today)
        return True

    def charge_back(self, turn: Turn) -> bool:
        owing, payment = self._paid(turn, gateway=True)
        if payment is None or not payment.came_to():
            return False
        amount = min(payment.came_to(), turn.amount or payment.came_to())
        dispute = f"dp_{self.heard}"
        self._hear("charge.dispute.created", self._dispute(payment, dispute, amount))
        self.disputes.setdefault(payment, []).append(f"{dispute} {amount}")
        owing.take_off(payment, "charge_back", amount, self.today)
        return True

    def win(self, turn: Turn) -> bool:
        owing, payment = self._paid(turn, gateway=True)
        if payment is None or not self.disputes.get(payment):
            return False
        dispute, amount = self.disputes[payment].pop().split()
        about = self._dispute(payment, dispute, int(amount))
        self._hear("charge.dispute.closed", {**about, "status": "won"})
        owing.put_back(payment, "charge_back", int(amount), self.today)
        return True

    def remove_payment(self, turn: Turn) -> bool:
        owing, payment = self._paid(turn, gateway=False)
        if payment is None or payment.came_to("refund"):
            return False
        self.must("payment", "remove", payment.id, "--yes")
        payment.status = "removed"
        owing.take_off(payment, "removed", payment.came_to(), self.today)
        return True

    def _paid(self, turn: Turn, gateway: bool | None = None) -> tuple[Account, Payment | None]:
        owing = self.accounts[PAYER[turn.whose]]
        found = [
            one
            for one in owing.payments
            if one.status == "succeeded" and gateway in (None, one.gateway)
        ]
        return owing, found[turn.place % len(found)] if found else None

    def _dispute(self, payment: Payment, id: str, amount: int) -> dict[str, Any]:
        about = {"id": id, "payment_intent": self._reference(payment), "amount": amount}
        return {**about, "status": "needs_response", "reason": "fraudulent"}

    def _hear(self, type: str, about: dict[str, Any]) -> None:
        self.heard += 1
        body = self.gateway.webhook(type, about, f"evt_{self.heard}")
        path = self.world.folder / "webhook.json"
        path.write_bytes(body)
        signed = self.gateway.signed(SECRET, body, time.time())
        self.must("payment", "webhook", "--signature", signed, "--file", str(path))
        self.must("payment", "collect")

    def _reference(self, payment: Payment) -> str:
        shown = self.world.read("payment", "show", payment.id)
        return str(shown["reference"])

    def _by_reference(self, reference: str) -> tuple[Account, Payment]:
        id = self.gateway.intents[reference]["metadata"]["payment"]
        return next(
            (owing, one)
            for owing in self.accounts.values()
            for one in owing.payments
            if one.id == id
        )

    # by hand

    def debit(self, turn: Turn) -> None:
        self._by_hand(turn, ("account", "debit"), 1)

    def credit(self, turn: Turn) -> None:
        self._by_hand(turn, ("credit", "add"), -1)

    def _by_hand(self, turn: Turn, verb: tuple[str, str], sign: int) -> None:
        """Some of it is dated in the days to come, and waits until a run reaches them."""
        name, amount = f"t{len(self.transactions)}", turn.amount or 2500
        on = self.today + timedelta(5 if turn.days % 5 == 0 else 0)
        words = (*verb, turn.whose, money(amount), "--reason", name, "--date", f"{on}")
        self.transactions[name] = self.world.read(*words)["transaction"]
        self.accounts[PAYER[turn.whose]].waiting.append(Waiting(name, sign * amount, on))

    def take_out(self, turn: Turn) -> bool:
        """What waits is removed again."""
        waiting = self.accounts[PAYER[turn.whose]].waiting
        if not waiting:
            return False
        gone = waiting.pop(turn.place % len(waiting))
        self.must("credit", "remove", self.transactions[gone.name])
        return True

    def credit_note(self, turn: Turn) -> bool:
        """Over all that is left of an invoice, or some of one line."""
        owing, one = self._document(turn, ("charges",))
        if one is None or one.void:
            return False
        left = {line: owing.left_of(one, line) for line in one.lines if line.amount > 0}
        lines = [line for line, amount in left.items() if amount]
        if not lines:
            self.must("invoice", "credit", one.number, code="nothing_to_credit")
            return True
        words: tuple[str, ...] = ()
        credited = {line: left[line] for line in lines}
        if turn.amount is not None:
            line = lines[turn.place % len(lines)]
            credited = {line: min(turn.amount, left[line])}
            shown = self.world.read("invoice", "show", one.number)["lines"]
            at = next(found["line"] for found in shown if found["description"] == line.name)
            words = ("--line", str(at), "--amount", money(credited[line]))
        self.must("invoice", "credit", one.number, *words)
        mine = [line._replace(amount=-amount) for line, amount in credited.items()]
        owing.credit(one, mine, self.today)
        self._collector(owing)
        return True

    def void(self, turn: Turn) -> bool:
        """Only the latest, and only without credits that rest on it."""
        owing, one = self._document(turn, ("charges", "credit_note"))
        if one is None or one.void:
            return False
        living = [other for other in owing.documents if other.kind == one.kind and not other.void]
        code = ""
        if owing.notes(one):
            code = "invoice_credited"
        elif one is not living[-1] and one.kind == "charges":
            code = "invoice_not_latest"
        self.must("invoice", "void", one.number, "--yes", code=code)
        if not code:
            owing.take_back(one, self.today)
            self._collector(owing)
        return True

    def _collector(self, owing: Account) -> None:
        """Comes by and spends what is free."""
        self.compare()
        self.must("payment", "collect")
        owing.spend(self.today)

    def _document(self, turn: Turn, kinds: tuple[str, ...]) -> tuple[Account, Document | None]:
        """Newest ones are the likeliest."""
        owing = self.accounts[PAYER[turn.whose]]
        found = [one for one in owing.documents[::-1] if one.kind in kinds and not one.void]
        return owing, found[turn.place % 3 % len(found)] if found else None


@contextmanager
def begun() -> Generator[Life]:
    """Nobody owes anything yet; invoices are dated the day they are made, or posted."""
    with TemporaryDirectory() as folder, served() as gateway:
        world = World(Path(folder), clock=f"{FIRST}T15:00:00Z")
        world.apply(business())
        yield Life(world, gateway)


OFTEN = ("bill", "wait", "collect", "record")
SOMETIMES = (
    "method",
    "debit",
    "credit",
    "invoice",
    "invoice_and_collect",
    "settle",
    "refund",
    "come_back",
    "charge_back",
    "win",
    "remove_payment",
    "take_out",
    "credit_note",
    "void",
)
turns = st.builds(
    Turn,
    st.sampled_from(OFTEN * 3 + SOMETIMES),
    st.sampled_from(["A-1", "A-1", "A-1", "B-1", "C-1"]),
    st.integers(0, 7),
    st.none() | st.integers(1, 2500),
    st.sampled_from([1, 2, 3, 3, 3, 4, 5, 8, 12, 31]),
)
lives = st.lists(turns, min_size=14, max_size=18)
long_lives = st.lists(turns, min_size=25, max_size=40)
