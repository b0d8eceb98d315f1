"""Do the books agree with what stands on the accounts? (R25, R26)

The journal comes from documents and payments as they were posted; open balances come from the
aggregates themselves. Nobody computes one from the other, so that each proves the other.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

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


def verify_books(app: "App") -> Iterator[Finding]:
    """What is wrong: a trial balance that is not zero, or an account that owes something else
    than its journal says.
    """
    app.books.catch_up()
    with app.store.snapshot() as reading:
        codes = {found.state.code: found.state for found in reading.all_of("gl_code")}
        books = Books(app.books, codes, _rounding(reading))
        yield from _out_of_balance(books)
        difference = _owed_by_aggregates(reading)
        for account, currency, amount in owed.owed(app.books, _LATEST):
            _add(difference, (account, currency), -amount)
        unbilled = _waiting_by_hand(reading)
        for account, currency, amount in owed.unbilled(app.books):
            _add(unbilled, (account, currency), -amount)
    for (account, currency), amount in sorted(difference.items()):
        yield Finding(
            "books_differ",
            f"account {account} owes {amount} minor units of {currency} more than its journal "
            "says; rebuild it with `billstream views rebuild journal`",
            type="journal",
        )

    for (account, currency), amount in sorted(unbilled.items()):
        yield Finding(
            "books_differ",
            f"manual transactions of {amount} minor units of {currency} more wait on account "
            f"{account} than its journal says; rebuild it with `billstream views rebuild journal`",
            type="journal",
        )


def _out_of_balance(books: Books) -> Iterator[Finding]:
    sums: dict[str, int] = {}
    for balance in books.trial_balance(_LATEST):
        sums[balance.currency] = sums.get(balance.currency, 0) + balance.amount
    for currency, amount in sums.items():
        if amount:
            sentence = f"the books are out of balance by {amount} minor units of {currency}"
            yield Finding("books_out_of_balance", sentence, type="journal")


def _owed_by_aggregates(reading: "Reading") -> Owed:
    """Open documents less money that pays none of them, by account and currency."""
    found: Owed = {}
    for low, high in pieces():
        for rows in reading.items_in("invoice", low, high).values():
            for row in rows:
                invoice: InvoiceState = row.state
                _add(found, (invoice.account, invoice.currency), invoice.open_balance)
        for rows in reading.items_in("payment", low, high).values():
            for row in rows:
                payment: PaymentState = row.state
                on_the_way = sum(one.amount for one in payment.refunding)
                _add(found, (payment.account, payment.currency), -payment.rest - on_the_way)
    return found


def _waiting_by_hand(reading: "Reading") -> Owed:
    """Manual transactions that wait for an invoice, by account and its currency (R25)."""
    found: Owed = {}
    for low, high in pieces():
        accounts = [row.stream for row in reading.accounts_in(low, high, ())]
        for row in reading.receivables_of(accounts).values():
            currency = row.state.currency
            _add(found, (row.state.account, currency), waiting_manually(row.state, currency))
    return found


def _add(found: Owed, key: tuple[str, str], amount: int) -> None:
    total = found.get(key, 0) + amount
    if total:
        found[key] = total
    else:
        found.pop(key, None)


def _rounding(reading: "Reading") -> str:
    owner = reading.get("owner", identity.owner())
    return owner.state.rounding if owner is not None else "half_up"
