"""The journal as text that other programs read: CSV, hledger and Beancount.

Both plain-text forms declare every account and currency they use, so that the strict checks of
those programs pass; and both get amounts with all decimals of the currency.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from aggregates.money import format_amount
from projections.ledger import Entry

FORMATS = ("csv", "hledger", "beancount")

CSV_COLUMNS = (
    "date",
    "entry",
    "document",
    "reference",
    "customer",
    "account",
    "currency",
    "debit",
    "credit",
)

Digits = Mapping[str, int]


def csv_rows(entries: Iterable[Entry], digits: Digits) -> Iterator[tuple[str, ...]]:
    """A row for each posting; exactly one of `debit` and `credit` is filled."""
    for entry in entries:
        places = digits[entry.currency]
        for posting in entry.postings:
            amount = format_amount(abs(posting.amount), places)
            sides = (amount, "") if posting.amount > 0 else ("", amount)
            yield (
                entry.day.isoformat(),
                entry.what,
                entry.document or "",
                entry.reference or "",
                entry.account or "",
                posting.account,
                entry.currency,
                *sides,
            )


def hledger(entries: Iterable[Entry], digits: Digits, accounts: Iterable[str]) -> Iterator[str]:
    """A journal of hledger. `accounts` are all that the entries post to."""
    for currency in sorted(digits):
        sample = format_amount(1_000 * 10 ** digits[currency], digits[currency])
        yield f"commodity {currency} {sample if digits[currency] else sample + '.'}"
    for account in sorted(set(accounts)):
        yield f"account {account}"
    for entry in entries:
        yield ""
        customer = f"  ; customer: {entry.account}" if entry.account else ""
        yield f"{entry.day} * {_plain(_title(entry))}{customer}"
        for posting in entry.postings:
            amount = format_amount(posting.amount, digits[entry.currency])
            yield f"    {posting.account}  {entry.currency} {amount}"


def beancount(
    entries: Iterable[Entry], digits: Digits, accounts: Iterable[str], title: str, since: date
) -> Iterator[str]:
    """A ledger of Beancount. Its accounts are open since a day before everything."""
    yield f'option "title" {_quoted(title)}'
    for currency in sorted(digits):
        yield f'option "operating_currency" "{currency}"'
    yield ""
    for account in sorted(set(accounts)):
        yield f"{since} open {account}"
    for entry in entries:
        yield ""
        yield f"{entry.day} * {_quoted(_title(entry))}"
        if entry.account:
            yield f"  customer: {_quoted(entry.account)}"
        for posting in entry.postings:
            amount = format_amount(posting.amount, digits[entry.currency])
            yield f"  {posting.account}  {amount} {entry.currency}"


_WORDS: Mapping[str, Callable[[str], str]] = {
    "invoiced": lambda number: f"Invoice {number}",
    "billed": lambda number: f"Invoice {number}, posted before",
    "added": lambda id: f"Transaction {id}",
    "removed": lambda id: f"Transaction {id} removed",
    "payment": lambda id: f"Payment {id}",
    "payment_removed": lambda id: f"Payment {id} removed",
    "refund": lambda id: f"Refund of payment {id}",
    "charge_back": lambda id: f"Charge-back of payment {id}",
    "won": lambda id: f"Charge-back of payment {id} won",
    "earned": lambda _: "Revenue earned",
}


def _title(entry: Entry) -> str:
    return _WORDS[entry.what](entry.reference or entry.document or "")


def _plain(text: str) -> str:
    """What hledger takes as a description: a semicolon would begin a comment."""
    return text.replace(";", ",")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
