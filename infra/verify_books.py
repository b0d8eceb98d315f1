"""Do the books agree with what stands on the accounts? (R25, R26)

The journal comes from documents and payments as they were posted, what dashboards read comes from
the views; open balances come from the aggregates themselves. Nobody computes one from the other,
so that each proves the others.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from aggregates import identity
from aggregates.balance import waiting_manually
from aggregates.invoice_state import InvoiceState
from aggregates.payment.state import PaymentState
from infra.store.findings import Finding
from infra.store.rows import pieces
from projections import owed
from projections.ledger import Books

if TYPE_CHECKING:
    from commands.store import Reading
    from infra.composition import App

_LATEST = date(9999, 12, 31)

Owed = dict[tuple[str, str], int]
"""Minor units by account and currency; nothing of 0."""


TRIES = 5
"""How often the books are compared anew because history went on meanwhile."""


def verify_books(app: "App") -> list[Finding] | None:
    """What is wrong: a trial balance that is not zero, or an account that owes something else
    than its journal says, or than dashboards are told. None when history never stood still for
    as long as it takes: the journal and the accounts are then of two moments.
    """
    for _ in range(TRIES):
        app.books.catch_up()
        app.views.catch_up()
        with app.store.snapshot() as reading:
            found = _compared(app, reading)
            if app.books.reached() == reading.head.position:
                return found
    return None


def _compared(app: "App", reading: "Reading") -> list[Finding]:
    codes = {found.state.code: found.state for found in reading.all_of("gl_code")}
    found = list(_out_of_balance(Books(app.books, codes, _rounding(reading))))
    stands = _by_aggregates(reading)
    for account, currency, amount in owed.owed(app.books, _LATEST):
        _add(stands.owed, (account, currency), -amount)
    for account, currency, amount in owed.unbilled(app.books):
        _add(stands.unbilled, (account, currency), -amount)
    # Views that follow topics may be behind, and may go on meanwhile.
    for account, currency, balance in app.views.rows(_BALANCES):
        _add(stands.balances, (account, currency), -int(balance))
    if app.views.reached() != reading.head.position:
        stands.balances.clear()
    return [*found, *_differences(stands)]


_BALANCES = "SELECT account, currency, balance FROM view_balances"


class Stands(NamedTuple):
    """What aggregates say. `owed`: open documents less money that pays none of them; `unbilled`:
    manual transactions that wait for an invoice, on the account they were made for; `balances`:
    R25.
    """

    owed: Owed
    unbilled: Owed
    balances: Owed


def _differences(left: Stands) -> Iterator[Finding]:
    """What is left once what is told was taken off."""
    for (account, currency), amount in sorted(left.owed.items()):
        yield Finding(
            "books_differ",
            f"account {account} owes {amount} minor units of {currency} more than its journal "
            "says; rebuild it with `billstream views rebuild journal`",
            type="journal",
        )
    for (account, currency), amount in sorted(left.unbilled.items()):
        yield Finding(
            "books_differ",
            f"manual transactions of {amount} minor units of {currency} more wait on account "
            f"{account} than its journal says; rebuild it with `billstream views rebuild journal`",
            type="journal",
        )
    for (account, currency), amount in sorted(left.balances.items()):
        yield Finding(
            "books_differ",
            f"the balance of account {account} is {amount} minor units of {currency} more than "
            "view_balances says; rebuild what it reads with `billstream views rebuild`",
            type="balances",
        )


def _out_of_balance(books: Books) -> Iterator[Finding]:
    sums: dict[str, int] = {}
    for balance in books.trial_balance(_LATEST):
        sums[balance.currency] = sums.get(balance.currency, 0) + balance.amount
    for currency, amount in sums.items():
        if amount:
            sentence = f"the books are out of balance by {amount} minor units of {currency}"
            yield Finding("books_out_of_balance", sentence, type="journal")


def _by_aggregates(reading: "Reading") -> Stands:
    stands = Stands({}, {}, {})
    for low, high in pieces():
        for rows in reading.items_in("invoice", low, high).values():
            for row in rows:
                invoice: InvoiceState = row.state
                key = (invoice.account, invoice.currency)
                _add(stands.owed, key, invoice.open_balance)
                _add(stands.balances, key, invoice.open_balance)
        for rows in reading.items_in("payment", low, high).values():
            for row in rows:
                payment: PaymentState = row.state
                key = (payment.account, payment.currency)
                on_the_way = sum(one.amount for one in payment.refunding)
                _add(stands.owed, key, -payment.rest - on_the_way)
                _add(stands.balances, key, -payment.rest)
        _add_waiting(reading, low, high, stands)
    return stands


def _add_waiting(reading: "Reading", low: bytes, high: bytes, stands: Stands) -> None:
    """Manual transactions that wait: each on its own account, and on the balance of who is
    invoiced for it.
    """
    accounts = {row.stream: row for row in reading.accounts_in(low, high, ())}
    for stream, row in reading.receivables_of(accounts).items():
        currency = row.state.currency
        waits = waiting_manually(row.state, currency)
        _add(stands.unbilled, (row.state.account, currency), waits)
        invoicer = accounts[accounts[stream].invoicer].state
        if invoicer.currency == currency:
            _add(stands.balances, (invoicer.number, currency), waits)


def _add(found: Owed, key: tuple[str, str], amount: int) -> None:
    total = found.get(key, 0) + amount
    if total:
        found[key] = total
    else:
        found.pop(key, None)


def _rounding(reading: "Reading") -> str:
    owner = reading.get("owner", identity.owner())
    return owner.state.rounding if owner is not None else "half_up"
