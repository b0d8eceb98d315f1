"""A business in a sandbox: a real store in a file of its own, spoken to through handlers.

What is asked of it is plain data, `Ask`, so that the same can be asked of two businesses.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.firing import fire_due
from commands.handling import Outcome, run_command
from commands.local_time import business_date, zone
from commands.message import Command
from commands.schedules import (
    BillAccount,
    BillingPeriod,
    ScheduleBillRun,
    bill_account,
    schedule_bill_run,
)
from commands.setup import account as accounts
from commands.setup import account_package as packages
from commands.setup.account import SetAccount
from commands.setup.account_package import SetAccountPackage
from commands.setup.bill_group import SetBillGroup, set_bill_group
from commands.setup.bill_run import SetBillRun, set_bill_run
from commands.setup.exchange_rates import SetExchangeRates, set_exchange_rates
from commands.setup.owner import SetOwner, set_owner
from commands.setup.package import SetPackage, set_package
from commands.store import Store
from commands.workspace import Workspace
from infra.store.open import open_store

START = datetime(2023, 1, 10, 15, tzinfo=UTC)
"""Ten in the morning in Toronto."""
ZONE = "America/Toronto"


class Days(NamedTuple):
    """A date so many days from today."""

    n: int


class Ask(NamedTuple):
    """Something to be asked: of what kind, about which one, and what it says."""

    verb: str
    key: str = ""
    words: Mapping[str, Any] = {}


class Run(NamedTuple):
    """A run to be asked for: its period begins `start` days from today. `account`: bill account."""

    bill_run: str
    start: int
    length: int
    catch_up: str = "one"
    posting: int | None = None
    account: str | None = None


class Openly:
    """Personal data that is left as it is, so that two businesses write the same bytes."""

    def new_key(self) -> bytes:
        return bytes(32)

    def encrypt(self, key: bytes, account: StreamId, plain: str) -> str:
        return plain

    def decrypt(self, key: bytes | None, account: StreamId, written: str) -> str | None:
        return written


Words = dict[str, Any]
Body = Callable[[Workspace, str, Words], object]


def _package(workspace: Workspace, ref: str, words: Words) -> object:
    account = ref.split("/")[0]
    return packages.set_account_package(workspace, account, SetAccountPackage(id=ref, **words))


VERBS: dict[str, Body] = {
    "owner": lambda w, key, words: set_owner(w, SetOwner(**words)),
    "rates": lambda w, key, words: set_exchange_rates(w, SetExchangeRates(name=key, **words)),
    "group": lambda w, key, words: set_bill_group(w, SetBillGroup(name=key, **words)),
    "catalogue": lambda w, key, words: set_package(w, SetPackage(code=key, **words)),
    "bill run": lambda w, key, words: set_bill_run(w, SetBillRun(name=key, **words)),
    "account": lambda w, key, words: accounts.set_account(w, SetAccount(number=key, **words)),
    "delete account": lambda w, key, words: accounts.delete_account(w, key),
    "package": _package,
    "cancel": lambda w, key, words: packages.cancel(w, key, words["as_of"]),
    "suspend": lambda w, key, words: packages.suspend(w, key, words["start"], words["until"]),
    "resume": lambda w, key, words: packages.resume(w, key, words["as_of"]),
    "price": lambda w, key, words: packages.set_price(w, key, words["price"], words["as_of"]),
}


class Shop:
    """One business. Commands are numbered, so that what follows from their ids is repeatable."""

    def __init__(self, folder: Path, clock: datetime = START) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'billstream.db'}"
        self.store = open_store(url, create=True, sandbox_clock=clock)
        self.asked = 0

    def close(self) -> None:
        self.store.close()

    def today(self) -> date:
        return business_date(self.store.now(), zone(ZONE))

    def put(self, *asks: Ask, store: Store | None = None) -> bool:
        """Asks all of it in one command; False when it was refused, and nothing was done."""
        self.asked += 1
        today = self.today()

        def body(workspace: Workspace) -> dict[str, str]:
            for ask in asks:
                VERBS[ask.verb](workspace, ask.key, _dated(ask.words, today))
            return {}

        command = Command("put", "properties", str(self.asked))
        try:
            run_command(store or self.store, command, body, Openly())
        except Refusal:
            return False
        return True

    def must(self, *asks: Ask) -> None:
        """Asks what cannot be refused."""
        assert self.put(*asks), f"refused: {asks}"

    def request(self, run: Run, id: str = "") -> Outcome:
        """Schedules the run for now. The same `id` again is the same request."""
        self.asked += 1
        start = self.today() + timedelta(days=run.start)
        asked: dict[str, Any] = {
            "bill_run": run.bill_run,
            "billing_period": BillingPeriod(start=start, end=start + timedelta(days=run.length)),
            "catch_up": run.catch_up,
            "posting_date": _day(run.posting, self.today()),
        }
        name = id or str(self.asked)
        if run.account is None:
            return schedule_bill_run(self.store, ScheduleBillRun(**asked), "properties", name)
        message = BillAccount(account=run.account, **asked)
        return bill_account(self.store, message, "properties", name)

    def queue(self, run: Run) -> StreamId | None:
        """An execution of the run that has not been started; None when it was refused."""
        try:
            execution = identity.parse(self.request(run).result["execution"])
        except Refusal:
            return None
        assert execution in fire_due(self.store, self.store.now())
        return execution

    def wait(self, days: int) -> None:
        """Moves the clock, without firing anything."""
        self.store.set_clock(self.store.now() + timedelta(days=days))

    def period(self, run: Run) -> tuple[date, date]:
        """The run's billing period, both ends inclusive."""
        start = self.today() + timedelta(days=run.start)
        return start, start + timedelta(days=run.length)

    def posting(self, run: Run) -> date | None:
        return _day(run.posting, self.today())


def _day(n: int | None, today: date) -> date | None:
    return None if n is None else today + timedelta(days=n)


def _dated(words: Mapping[str, Any], today: date) -> Words:
    return {
        key: today + timedelta(days=value.n) if isinstance(value, Days) else value
        for key, value in words.items()
    }
