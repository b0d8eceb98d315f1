"""Two accounts that owe money and one that the first pays for, as the command line and as the
reckoning has them; both have to agree on what is owed.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.properties.conversion import money
from tests.properties.owed import Account, Payment
from tests.rules.support import BY_RENDER_DATE, bill_run, group
from tests.support.gateway import Served
from tests.support.world import World, account, base

FIRST = date(2020, 10, 5)
TERMS = {"A-1": 3, "B-1": 40}
PAYER = {"A-1": "A-1", "B-1": "B-1", "C-1": "A-1"}
RETRIES = (3, 5)
TOKENS = {"good": "pm_visa", "bad": "pm_declined", "slow": "pm_slow"}


class Compared:
    """What the command line says beside what the reckoning says; `compared` counts the figures."""

    def __init__(self, world: World, today: date) -> None:
        self.world = world
        self.today = today
        self.compared = 0

    def same(self, theirs: Any, ours: Any, about: str) -> None:
        assert theirs == ours, (about, self.today, theirs, ours)
        self.compared += 1


class Sides(Compared):
    """Both, side by side."""

    def __init__(self, world: World, gateway: Served) -> None:
        super().__init__(world, FIRST)
        self.gateway = gateway
        self.accounts = {name: Account(term, RETRIES) for name, term in TERMS.items()}
        self.tokens = dict.fromkeys(TERMS, "good")
        self.transactions: dict[str, str] = {}
        self.shares: dict[Payment, dict[str, str]] = {}
        self.disputes: dict[Payment, list[str]] = {}
        self.asked: list[tuple[str, int]] = []

    def must(self, *words: str, code: str = "") -> None:
        """Done, or refused with `code`."""
        if code:
            self.same(self.world.refused(*words), code, " ".join(words))
        else:
            self.world.must(*words)

    def compare(self, last: bool = False) -> None:
        """What is owed, now; what each payment pays where that has changed, and in the end."""
        told = {name: self.world.read("account", "balance", name) for name in TERMS}
        invoices = self.world.read("invoice", "list")
        payments = self.world.read("payment", "list")
        for name, owing in self.accounts.items():
            self._documents(owing, [one for one in invoices if one["account"] == name])
            self._payments(owing, [one for one in payments if one["account"] == name], last)
            self._balance(owing, told[name])
        charged = [
            (self._whose(one["metadata"]["payment"], payments), one["amount"])
            for one in self.gateway.intents.values()
        ]
        self.same(sorted(charged), sorted(self.asked), "asked of the gateway")

    def _whose(self, payment: str, payments: list[Any]) -> str:
        return next(str(one["account"]) for one in payments if one["id"] == payment)

    def _documents(self, owing: Account, found: list[Any]) -> None:
        for one, shown in zip(owing.documents, found, strict=True):
            one.number = shown["number"]
            told = (shown["kind"], shown["total"], shown["balance"], shown["status"])
            ours = (one.kind, money(one.total), money(owing.open(one)))
            self.same(told, (*ours, "void" if one.void else "posted"), one.number)

    def _payments(self, owing: Account, found: list[Any], last: bool) -> None:
        for payment, shown in zip(owing.payments, found, strict=True):
            payment.id = shown["id"]
            status = "prepared" if payment.status == "pending" else payment.status
            ours = (status, money(payment.amount), money(owing.rest(payment)))
            told = tuple(shown[key] for key in ("status", "amount", "undisbursed"))
            self.same(told, ours, shown["id"])
            again = None if payment.retry_on is None else payment.retry_on.isoformat()
            self.same(shown["retry_on"], again, "tried again on")
            lost = {key: money(-payment.came_to(kind)) for key, kind in _LOST.items()}
            self.same({key: shown[key] for key in lost}, lost, "refunded, charged back")
            shares = {
                one.number: money(amount)
                for one in owing.documents
                if (amount := owing.share(payment, one))
            }
            if last or shares != self.shares.get(payment, {}):
                self.shares[payment] = shares
                shown = self.world.read("payment", "show", payment.id)
                self.same(_shares(shown), shares, "shares")

    def _balance(self, owing: Account, told: Any) -> None:
        ours = {
            "balance": owing.balance,
            "waiting": owing.waits,
            "open_documents": sum(map(owing.open, owing.documents)),
            "undisbursed": owing.undisbursed(),
            "pending": owing.pending,
        }
        for key, amount in ours.items():
            self.same(told[key], money(amount), key)


_LOST = {"refunded": "refund", "charged_back": "charge_back"}


def _shares(shown: Any) -> dict[str, str]:
    """What a payment pays, by invoice."""
    found: dict[str, Decimal] = {}
    for entry in shown["entries"]:
        sign = {"disbursed": 1, "detached": -1}.get(entry["entry"])
        if sign is not None:
            amount = sign * Decimal(entry["amount"])
            found[entry["invoice"]] = found.get(entry["invoice"], Decimal(0)) + amount
    return {number: str(amount) for number, amount in found.items() if amount}


def business() -> dict[str, Any]:
    terms = [
        {"name": name, "payment_term": f"net {days}", "payment_retries": list(RETRIES)}
        for name, days in TERMS.items()
    ]
    visa = {"id": "visa", "kind": "card", "token": TOKENS["good"], "auto_pay": True}
    runs = [
        bill_run("Invoice", actions=["generate_invoice"]),
        bill_run("Both", actions=["generate_invoice", "collect_payment"]),
        *[
            bill_run(name, actions=["collect_payment"], collection=name)
            for name in ("balance_due", "account_balance")
        ],
    ]
    return base(
        ar_terms=terms,
        bill_groups=[group(**BY_RENDER_DATE)],
        accounts=[
            *[account(name, ar_term=name, payment_methods=[visa]) for name in TERMS],
            account("C-1", parent="A-1", invoicer="parent"),
        ],
        bill_runs=runs,
    )
