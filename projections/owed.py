"""What customers owe, by its age and by its history (R25, R26): aged receivables, statements."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from projections.shapes import Showing
from projections.view import Database

BUCKETS = ("current", "1_30", "31_60", "61_90", "over_90")
"""Days past due. What is not due yet is current."""
LATEST = (0, 30, 60, 90)
"""The last day of each bucket but the last one, which has none."""

_CHANGE = """
    CASE j.entry
        WHEN 'invoiced' THEN j.amount
        WHEN 'billed' THEN j.amount
        WHEN 'payment' THEN -a.amount
        WHEN 'payment_removed' THEN a.amount
        WHEN 'refund' THEN j.amount
        WHEN 'refund_returned' THEN -j.amount
        WHEN 'charge_back' THEN j.amount
        WHEN 'won' THEN -j.amount
    END
"""
_ENTRIES = """
    FROM view_journal AS j
    LEFT JOIN view_journal_amounts AS a ON a.document = j.document
    WHERE j.entry NOT IN ('added', 'removed')
"""
_OWED = f"""
    SELECT COALESCE(j.account, a.account), COALESCE(j.currency, a.currency), SUM({_CHANGE})
    {_ENTRIES} AND j.posting_date <= ?
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_UNBILLED = """
    SELECT COALESCE(j.charged, j.account, a.account),
        COALESCE(j.original_currency, j.currency, a.currency),
        SUM(CASE j.entry
            WHEN 'added' THEN j.amount
            WHEN 'removed' THEN -a.amount
            WHEN 'billed' THEN -COALESCE(j.original_amount, j.amount)
        END)
    FROM view_journal AS j
    LEFT JOIN view_journal_amounts AS a ON a.document = j.document
    WHERE j.entry IN ('added', 'removed', 'billed')
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_OPEN = """
    SELECT d.account, d.currency, d.due_date, d.total - COALESCE(SUM(s.amount), 0)
    FROM view_journal_documents AS d
    LEFT JOIN view_journal_settlements AS s ON s.document = d.document AND s.settled_on <= ?
    WHERE d.posting_date <= ? AND d.kind <> 'reversal'
        AND (d.voided_on IS NULL OR d.voided_on > ?)
    GROUP BY d.document, d.account, d.currency, d.due_date, d.total
    HAVING d.total - COALESCE(SUM(s.amount), 0) <> 0
    ORDER BY d.account, d.currency
"""
_LINES = f"""
    SELECT MIN(j.position), j.posting_date, MIN(j.entry), j.document, MAX(d.number), MAX(d.kind),
        MAX(d.due_date), SUM({_CHANGE})
    FROM view_journal AS j
    LEFT JOIN view_journal_amounts AS a ON a.document = j.document
    LEFT JOIN view_journal_documents AS d ON d.document = j.document
    WHERE j.entry NOT IN ('added', 'removed')
        AND COALESCE(j.account, a.account) = ? AND j.posting_date >= ? AND j.posting_date <= ?
    GROUP BY j.posting_date, j.document,
        CASE WHEN j.entry IN ('invoiced', 'billed') THEN '' ELSE j.entry END
    ORDER BY j.posting_date, MIN(j.position)
"""
_BEFORE = f"""
    SELECT COALESCE(SUM({_CHANGE}), 0)
    {_ENTRIES} AND COALESCE(j.account, a.account) = ? AND j.posting_date < ?
"""
_ONE_DAY = timedelta(days=1)


def owed(views: Database, at: date) -> Iterator[tuple[str, str, int]]:
    """By account and currency, what stood on receivables at the end of a day: open documents less
    money that pays none of them yet. Accounts that owe nothing are left out.
    """
    for account, currency, amount in views.rows(_OWED, (at.isoformat(),)):
        if amount:
            yield account, currency, int(amount)


def unbilled(views: Database) -> Iterator[tuple[str, str, int]]:
    """By account and currency, what was posted by hand and stands on no invoice."""
    for account, currency, amount in views.rows(_UNBILLED):
        if amount:
            yield account, currency, int(amount)


def aging(views: Database, showing: Showing, at: date) -> list[dict[str, Any]]:
    """Per account, what is open at the end of a day by the days it is past due; `unapplied` is
    money that pays no document yet, below zero: what is left of payments and of documents below
    zero, which are never past due. `total` is what the account owes then.
    """
    day = at.isoformat()
    found: dict[tuple[str, str], dict[str, int]] = {}
    for account, currency, due_date, amount in views.rows(_OPEN, (day, day, day)):
        row = found.setdefault((account, currency), dict.fromkeys(BUCKETS, 0))
        if amount > 0:
            row[_bucket((at - _day(due_date)).days)] += int(amount)
    totals = {(account, currency): amount for account, currency, amount in owed(views, at)}
    rows: list[dict[str, Any]] = []
    for key in sorted(found.keys() | totals.keys()):
        buckets = found.get(key) or dict.fromkeys(BUCKETS, 0)
        total = totals.get(key, 0)
        amounts = {**buckets, "unapplied": total - sum(buckets.values()), "total": total}
        if any(amounts.values()):
            rows.append(_shape(*key, amounts, showing))
    return rows


def statement(
    views: Database, showing: Showing, account: str, currency: str, first: date, last: date
) -> dict[str, Any]:
    """What happened on an account's receivables from a day to a day, with the balance after each
    entry. Manual transactions that wait for an invoice are not among them.
    """
    balance = 0
    for (before,) in views.rows(_BEFORE, (account, first.isoformat())):
        balance = int(before)
    opening = balance
    entries: list[dict[str, Any]] = []
    for row in views.rows(_LINES, (account, first.isoformat(), last.isoformat())):
        _, day, entry, document, number, kind, due_date, amount = row
        balance += int(amount)
        is_document = entry in ("invoiced", "billed")
        entries.append(
            {
                "date": _day(day).isoformat(),
                "entry": _WORDS.get(kind, kind) if is_document else entry,
                "reference": number if is_document else document,
                "due_date": _day(due_date).isoformat() if is_document and due_date else None,
                "amount": showing.amount(int(amount), currency),
                "balance": showing.amount(balance, currency),
            }
        )
    return {
        "account": account,
        "currency": currency,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "opening_balance": showing.amount(opening, currency),
        "entries": entries,
        "closing_balance": showing.amount(balance, currency),
    }


_WORDS = {"charges": "invoice"}


def _bucket(late: int) -> str:
    return BUCKETS[bisect_left(LATEST, late)]


def _shape(
    account: str, currency: str, amounts: dict[str, int], showing: Showing
) -> dict[str, Any]:
    written = {name: showing.amount(amount, currency) for name, amount in amounts.items()}
    return {"account": account, "currency": currency, **written}


def _day(written: Any) -> date:
    return written if isinstance(written, date) else date.fromisoformat(written)
