"""The books from the outside: what invoices say, day by day, and who owes what (R25, R26).

The rules are said again here, in other arithmetic, from the lines that customers were sent.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from aggregates import identity
from aggregates.owner import OwnerState
from infra.composition import App
from projections.ledger import Books
from tests.support.world import World

ONE_DAY = timedelta(days=1)
ADVANCE = "4100"
"""The code of what is billed in advance; no manual transaction has it."""

RECEIVABLE, UNBILLED = "Assets:Receivable", "Assets:Unbilled-Receivable"


class Line(NamedTuple):
    """A line in minor units."""

    posted: date
    amount: int
    start: date
    end: date

    def earned(self, day: date) -> int:
        """Amount × days elapsed ÷ days, once it is posted; rounded half up, away from zero."""
        if day < self.posted:
            return 0
        days = (self.end - self.start).days
        elapsed = min(max((day - self.start).days + 1, 0), days)
        if elapsed == days:
            return self.amount
        share = Decimal(self.amount) * elapsed / days
        return int(share.quantize(Decimal(1), ROUND_HALF_UP))


def books_of(app: App) -> Books:
    """The books, up to date."""
    app.books.catch_up()
    with app.store.snapshot() as reading:
        codes = {found.state.code: found.state for found in reading.all_of("gl_code")}
        owner = reading.get("owner", identity.owner())
    assert owner is not None
    state: OwnerState = owner.state
    return Books(app.books, codes, state.rounding)


def check_every_day(world: World, app: App) -> None:
    """On each day, what is earned and what is deferred is what was billed up to it, what is earned
    is what the lines say, and what was billed was paid or is owed.
    """
    documents = world.invoices()
    lines = [line for document in documents for line in _lines(document)]
    totals = [
        (date.fromisoformat(one["posting_date"]), one["currency"], _minor(one["total"]))
        for one in documents
    ]
    if not totals:
        return
    books = books_of(app)
    day = min(posted for posted, _, _ in totals) - ONE_DAY
    last = max([line.end for line in lines] + [posted for posted, _, _ in totals])
    while day <= last:
        trial = {(one.account, one.currency): one.amount for one in books.trial_balance(day)}
        earned = -trial.get(("Income:Advance", "USD"), 0)
        deferred = -trial.get(("Liabilities:Deferred", "USD"), 0)
        billed = sum(line.amount for line in lines if line.posted <= day)
        assert earned + deferred == billed, day
        assert earned == sum(line.earned(day) for line in lines), day
        for currency in ("USD", "EUR"):
            sent = sum(t for posted, its, t in totals if its == currency and posted <= day)
            had = sum(trial.get((account, currency), 0) for account in (RECEIVABLE, "Assets:Cash"))
            assert had == sent, (day, currency)
        day += ONE_DAY


def check_balances(world: World, app: App, accounts: tuple[str, ...]) -> None:
    """The balance of an account is the sum of its journal: of receivables, billed or not."""
    sums: dict[tuple[str | None, str], int] = {}
    for entry in books_of(app).entries():
        for posting in entry.postings:
            if posting.account in (RECEIVABLE, UNBILLED):
                key = (entry.account, entry.currency)
                sums[key] = sums.get(key, 0) + posting.amount
    for number in accounts:
        told = world.read("account", "balance", number)
        assert _minor(told["balance"]) == sums.get((number, told["currency"]), 0), told


def content(world: World, execution: str) -> list[Any]:
    """What an execution's invoices say, but for what names them and what happened since."""
    since = ("number", "execution", "status", "reversed_by", "balance")
    found = [
        {key: value for key, value in invoice.items() if key not in since}
        for invoice in world.invoices("--execution", execution)
        if invoice["kind"] == "charges"
    ]
    return sorted(found, key=lambda invoice: str(invoice["account"]))


def _lines(document: Any) -> list[Line]:
    posted = date.fromisoformat(document["posting_date"])
    return [
        Line(
            posted,
            _minor(line["amount"]),
            date.fromisoformat(line["service_period"]["start"]),
            date.fromisoformat(line["service_period"]["end"]),
        )
        for line in document["lines"]
        if line["gl_code"] == ADVANCE
    ]


def _minor(written: str) -> int:
    return int(Decimal(written) * 100)
