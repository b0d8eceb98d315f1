"""The books at reading: the journal's rows with the accounts that GL codes stand for (R26)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from aggregates import posting, recognition
from aggregates.gl_code import BUILT_IN, GlCodeState, accounts_of
from aggregates.posting import Posting
from projections.shapes import Showing
from projections.view import Database, Row

_ONE_DAY = timedelta(days=1)

_FROM = """
    FROM view_journal AS j
    LEFT JOIN view_journal_amounts AS a ON a.document = j.document
"""
_ROWS = f"""
    SELECT j.posting_date, j.entry, j.document, j.reference,
        COALESCE(j.account, a.account), j.charged, COALESCE(j.currency, a.currency),
        COALESCE(j.amount, a.amount), j.original_currency, j.original_amount,
        COALESCE(j.gl_code, a.gl_code), COALESCE(j.kind, a.kind), j.period_start, j.period_end
    {_FROM}
    WHERE j.posting_date >= ? AND j.posting_date <= ?
    ORDER BY j.posting_date, j.position, j.part
"""
_SUMS = f"""
    SELECT entry, gl_code, kind, currency, original_currency, posted, period_start, period_end,
        one, COUNT(*), SUM(amount), SUM(original_amount)
    FROM (
        SELECT j.entry, COALESCE(j.gl_code, a.gl_code) AS gl_code,
            COALESCE(j.kind, a.kind) AS kind, COALESCE(j.currency, a.currency) AS currency,
            j.original_currency, j.period_start, j.period_end,
            CASE WHEN j.period_start IS NOT NULL THEN j.posting_date END AS posted,
            CASE WHEN j.period_start IS NOT NULL THEN j.amount END AS one,
            COALESCE(j.amount, a.amount) AS amount, j.original_amount
        {_FROM}
        WHERE j.posting_date >= ? AND j.posting_date <= ?
    ) AS rows
    GROUP BY entry, gl_code, kind, currency, original_currency, posted, period_start, period_end,
        one
"""
_EARLIEST, _LATEST = date(1, 1, 1), date(9999, 12, 31)


class Entry(NamedTuple):
    """One entry of the journal: of one currency, and its postings sum to zero. `account` is the
    customer's; a day's earned revenue is of no customer and no document.
    """

    day: date
    what: str
    document: str | None
    reference: str | None
    account: str | None
    currency: str
    postings: tuple[Posting, ...]


class Balance(NamedTuple):
    """What stands on an account of the books: debits positive, in minor units."""

    account: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Books:
    """`codes` are those of the setup; `rounding` is the owner's mode."""

    views: Database
    codes: Mapping[str, GlCodeState]
    rounding: str

    def entries(self, first: date = _EARLIEST, last: date = _LATEST) -> Iterator[Entry]:
        """The journal from a day to a day, both inclusive, in the order of its days; what a day
        earns comes after what was posted on it. Revenue is earned up to `last`.
        """
        rows = self._sums(_EARLIEST, last)
        earned = iter(sorted(self._earned(rows, first, last), key=_by_day))
        ahead = next(earned, None)
        for row in self.views.rows(_ROWS, (first.isoformat(), last.isoformat())):
            day = _day(row[0])
            while ahead is not None and ahead[0] < day:
                yield self._of_day(*ahead)
                ahead = next(earned, None)
            yield from self._of_row(day, row[1:])
        while ahead is not None:
            yield self._of_day(*ahead)
            ahead = next(earned, None)

    def trial_balance(self, at: date) -> list[Balance]:
        """Every account of the books at the end of a day; together they are zero per currency."""
        sums: dict[tuple[str, str], int] = {}
        rows = self._sums(_EARLIEST, at)
        for currency, one in self._posted(rows):
            key = (one.account, currency)
            sums[key] = sums.get(key, 0) + one.amount
        for _, code, kind, currency, amount in self._earned(rows, _EARLIEST, at):
            for one in posting.earned(self._code(code, kind), amount):
                key = (one.account, currency)
                sums[key] = sums.get(key, 0) + one.amount
        return [Balance(*key, amount) for key, amount in sorted(sums.items())]

    def accounts(self, first: date = _EARLIEST, last: date = _LATEST) -> set[str]:
        """Every account of the books that the entries of those days post to."""
        found = {one.account for _, one in self._posted(self._sums(first, last))}
        for _, code, kind, _, amount in self._earned(self._sums(_EARLIEST, last), first, last):
            found.update(one.account for one in posting.earned(self._code(code, kind), amount))
        return found

    def begins(self) -> date | None:
        """The first posting date there is."""
        for (first,) in self.views.rows("SELECT MIN(posting_date) FROM view_journal"):
            return None if first is None else _day(first)
        return None

    def _sums(self, first: date, last: date) -> list[Row]:
        """What was posted from a day to a day, together where it posts alike."""
        return list(self.views.rows(_SUMS, (first.isoformat(), last.isoformat())))

    def _posted(self, rows: Iterable[Row]) -> Iterator[tuple[str, Posting]]:
        for row in rows:
            entry, code, kind, currency, original_currency, posted, start, end = row[:8]
            one, count, amount, original = row[8:]
            later = 0
            if start is not None:
                later = int(count) * self._deferred(one, start, end, posted)
            pairs = self._postings(
                entry,
                self._code_of(entry, code, kind),
                currency,
                int(amount),
                original_currency,
                int(original or 0),
                later,
            )
            for found, postings in pairs:
                for one_posting in postings:
                    yield found, one_posting

    def _of_row(self, day: date, row: Sequence[Any]) -> Iterator[Entry]:
        entry, document, reference, account, charged, currency, amount = row[:7]
        original_currency, original, code, kind, start, end = row[7:]
        later = 0 if start is None else self._deferred(amount, start, end, day)
        pairs = self._postings(
            entry,
            self._code_of(entry, code, kind),
            currency,
            amount,
            original_currency,
            original or 0,
            later,
        )
        for found, postings in pairs:
            whose = charged if found != currency else account
            yield Entry(day, entry, document, reference, whose, found, tuple(postings))

    def _postings(
        self,
        entry: str,
        code: GlCodeState,
        currency: str,
        amount: int,
        original_currency: str | None,
        original: int,
        later: int,
    ) -> Iterator[tuple[str, list[Posting]]]:
        """What a row posts, per currency."""
        unbilled, conversion = self._code("unbilled"), self._code("conversion")
        match entry:
            case "invoiced":
                yield currency, posting.invoiced(code, amount, later)
            case "billed" if original_currency is not None:
                here, there = posting.converted(unbilled, code, conversion, amount, original)
                yield currency, here
                yield original_currency, there
            case "billed":
                yield currency, posting.billed(unbilled, code, amount)
            case "added":
                yield currency, posting.added(unbilled, code, amount)
            case "removed":
                yield currency, posting.added(unbilled, code, -amount)
            case "payment_removed":
                yield currency, posting.moved(code, -amount)
            case "won" | "refund_returned":
                yield currency, posting.moved(code, -amount)
            case _:
                yield currency, posting.moved(code, amount)

    def _code(self, code: str | None, kind: str = "charge") -> GlCodeState:
        return accounts_of(self.codes, code, kind)

    def _code_of(self, entry: str, code: str | None, kind: str | None) -> GlCodeState:
        """A payment's code is that of its kind, `payment_card`, if there is one, else `payment`."""
        match entry:
            case "payment" | "payment_removed":
                return self.codes.get(f"payment_{kind}") or self._built_in("payment")
            case "refund" | "refund_returned":
                return self._built_in("refund")
            case "charge_back" | "won":
                return self._built_in("charge_back")
            case _:
                return self._code(code, kind or "charge")

    def _built_in(self, code: str) -> GlCodeState:
        return self.codes.get(code) or BUILT_IN[code]

    def _deferred(self, amount: Any, start: Any, end: Any, posted: Any) -> int:
        days = (_day(start), _day(end), _day(posted))
        return recognition.deferred(int(amount), *days, self.rounding)

    def _earned(
        self, rows: Iterable[Row], first: date, last: date
    ) -> list[tuple[date, str | None, str, str, int]]:
        """What each day from `first` to `last` earns of what was billed in advance, per code."""
        sums: dict[tuple[date, str | None, str, str], int] = {}
        for row in rows:
            _, code, kind, currency, _, posted, start, end, one, count, *_ = row
            if start is None or self._code(code, kind).deferred is None:
                continue
            begin = max(first, _day(posted) + _ONE_DAY)
            days = recognition.earned(int(one), _day(start), _day(end), begin, last, self.rounding)
            for day, amount in days:
                key = (day, code, kind, currency)
                sums[key] = sums.get(key, 0) + amount * int(count)
        return [(*key, amount) for key, amount in sums.items() if amount]

    def _of_day(self, day: date, code: str | None, kind: str, currency: str, amount: int) -> Entry:
        postings = tuple(posting.earned(self._code(code, kind), amount))
        return Entry(day, "earned", None, None, None, currency, postings)


def shape(entry: Entry, showing: Showing) -> dict[str, Any]:
    """An entry as the outside sees it."""
    return {
        "date": entry.day.isoformat(),
        "entry": entry.what,
        "document": entry.document,
        "reference": entry.reference,
        "customer": entry.account,
        "currency": entry.currency,
        "postings": [
            {"account": one.account, **_sides(one.amount, entry.currency, showing)}
            for one in entry.postings
        ],
    }


def balance_shape(balance: Balance, showing: Showing) -> dict[str, Any]:
    """A balance as the outside sees it: on one side, zero as a debit."""
    sides = _sides(balance.amount, balance.currency, showing)
    return {"account": balance.account, **sides, "currency": balance.currency}


def totals(balances: Sequence[Balance], showing: Showing) -> Iterator[dict[str, Any]]:
    """What both sides come to, per currency; they are the same."""
    for currency in sorted({balance.currency for balance in balances}):
        amounts = [balance.amount for balance in balances if balance.currency == currency]
        yield {
            "account": "Total",
            "debit": showing.amount(sum(a for a in amounts if a > 0), currency),
            "credit": showing.amount(-sum(a for a in amounts if a < 0), currency),
            "currency": currency,
        }


def _sides(amount: int, currency: str, showing: Showing) -> dict[str, str | None]:
    written = showing.amount(abs(amount), currency)
    return {"debit": None, "credit": written} if amount < 0 else {"debit": written, "credit": None}


def _by_day(earned: tuple[date, str | None, str, str, int]) -> tuple[date, str, str, str]:
    day, code, kind, currency, _ = earned
    return day, code or "", kind, currency


def _day(written: Any) -> date:
    """SQLite keeps a date as text, PostgreSQL as itself."""
    return written if isinstance(written, date) else date.fromisoformat(written)
