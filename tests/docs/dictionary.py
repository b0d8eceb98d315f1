"""The data dictionary, made from the tables of the views."""

from infra.postgres.views import PostgresViews
from infra.views.registry import ON_DEMAND, VIEWS
from infra.views.sql import public_name
from projections.view import Column, Query, Table
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "data-dictionary.md"

_HEAD = """# Data dictionary

What dashboards and reports read. Each name below is a SQL view in the owner's schema (or file); the
tables behind them are rebuilt at will, the names and their grants stay. Only read them: the store
is the source, and `billstream verify` says whether they tell what history tells.

Money is an integer of minor units (cents) with the currency beside it. Days are the owner's
business days, times are UTC. `NULL` means: there is none. In SQLite dates, times and JSON are
text. How far they are: `billstream views list`, and with Kafka `billstream lag`.
"""

TABLES = {
    "accounts": "Accounts as they are now. Deleted ones have no row.",
    "account_packages": "Packages held by accounts.",
    "account_package_suspensions": "When account-packages are not charged.",
    "account_package_prices": "Prices that account-packages have of their own.",
    "schedules": "What is going to run, and what ran once.",
    "executions": "Runs: one row each, from queued to its end.",
    "execution_chunks": "The parts of a run, billed one transaction each.",
    "failures": "Invoicers for which a run wrote nothing, with the reason.",
    "retried_chunks": "Which chunk of a retried execution a chunk of its retry takes up.",
    "left_behind": "Account-packages that stayed due after a run, with the reason.",
    "invoices": "Invoices, in the order of their numbers.",
    "invoice_settlements": "What was settled of invoices, and what of that is open again.",
    "transactions": "Manual debits, credits and one-time charges.",
    "transactions_invoiced": "When what waited on an account went on an invoice.",
    "dunning_levels": "Which dunning levels acted on which invoice, and what they did.",
    "contracts": "Contracts of accounts, and how far they are settled.",
    "commit_periods": "Commit periods that are closed, with what counted and what was short.",
    "journal": "What documents, payments and manual transactions post; follows `ledger` verbs.",
    "journal_amounts": "What payments and manual transactions come to.",
    "journal_documents": "Invoices, credit notes and reversals, to tell how old a debt is.",
    "journal_settlements": "When how much of a document was settled; negative: open again.",
    "payments": "Payments, in the order in which they were asked for or recorded.",
    "payment_entries": "What became of the money of payments: shares, refunds, charge-backs.",
    "invoice_pages": "Lines of invoices too long for one row.",
    "owner": "The business that bills, in one row.",
}

QUERIES = {
    "open_documents": "Invoices and credit notes that are not settled, void ones left out.",
    "balances": "What accounts owe (R25): documents + waiting − unapplied. No row: nothing.",
    "aging": "What is owed by the days it is past due, as `billstream ledger aging` has it today.",
    "declines": "Payments that were declined, with the day of the next attempt.",
    "collections": "Accounts with overdue invoices, and how far dunning has come with them.",
}

OF_QUERIES = {
    "kind": "charges or credit_note",
    "balance": "what the account owes, minor units",
    "documents": "open balances of its documents, credit notes below 0, minor units",
    "waiting": "manual debits less credits that wait for its next invoice, minor units",
    "unapplied": "money that pays no invoice yet, minor units",
    "pending": "asked for, with an outcome that is not known yet, minor units",
    "open": "what is not settled of it, minor units",
    "days_past_due": "days from the due date to today; below 0: not due yet",
    "current": "not due yet, or due today, minor units",
    "days_1_30": "1 to 30 days past due, minor units",
    "days_31_60": "31 to 60 days past due, minor units",
    "days_61_90": "61 to 90 days past due, minor units",
    "over_90": "more than 90 days past due, minor units",
    "total": "minor units",
    "retry_due": "1: the day of the next attempt has come",
    "status": "as the reference names them",
    "overdue": "open balances of its overdue invoices, minor units",
    "invoices": "how many invoices are overdue",
    "oldest_due_date": "since when the oldest one is due",
    "levels": "dunning levels that have acted on them",
    "reached_on": "day on which the last one acted",
    "amount": "minor units",
}
"""Where a column means something else than in a table, or stands in no table."""

COLUMNS = {
    "action": "what the level does: late_fee, late_fee_percent, notify, suspend, collect",
    "ar_term": "name of the AR term",
    "charge": "id of the transaction that is the fee",
    "charged": "number of the account that a manual transaction stands on",
    "balance": "what was open of the invoice, minor units",
    "commitment": "what the account committed to in a period, minor units",
    "contract": "identity of the contract, 16 bytes",
    "corrects": "identity of the invoice that it corrects, 16 bytes",
    "counted": "what counted toward the commitment, minor units",
    "date": "day it is dated",
    "description": "the words it was given",
    "document": "id of the invoice, payment or manual transaction",
    "end_date": "first day after it",
    "ends": "first day not under contract, once that is known",
    "fee": "late fee, minor units; 0: none",
    "fell_on": "day on which the level fell due",
    "gl_code": "general-ledger code; NULL: that of its kind",
    "level": "key of the dunning level",
    "notice": "what the notification says",
    "original_amount": "minor units in the transaction's own currency",
    "original_currency": "ISO 4217; the transaction's own, when another",
    "part": "which row of the event, counted from 0",
    "per": "how long a commit period is",
    "reached_on": "business day on which it acted",
    "removed": "1: it was taken away before it was invoiced",
    "renewal": "none, auto or notice",
    "reversal": "identity of the document that takes it back, 16 bytes",
    "reverses": "identity of the document that it takes back or credits, 16 bytes",
    "settled_on": "day on which it was settled",
    "settled_to": "day up to which commit periods are closed",
    "shortfall": "what was charged for the rest, minor units",
    "since": "position in history from which it waits",
    "stream": "identity of the receivables that it stands on, 16 bytes",
    "term": "how long it runs",
    "term_end": "first day after the term",
    "up_to": "last day of what was invoiced",
    "voided_on": "day on which it was voided",
    "account": "number of the account",
    "account_package": "id of the account-package in the owner's books",
    "amount": "minor units; of a price NULL: the catalogue's holds again",
    "attempt": "which attempt or retry, counted from 1; 0: none",
    "bill_day": "day of the month",
    "bill_group": "name of the bill group",
    "bill_run": "name of the bill run",
    "billed": "1: billed; 0: not reached when the execution was cancelled",
    "business_date": "business day of the whole run",
    "cancel": "first day that is not charged any more",
    "catch_up": "cycles a package may bill: one, all or a number",
    "chunk": "the chunk",
    "chunks": "into how many parts it was cut",
    "code": "stable code of the reason",
    "completed_at": "when it ended",
    "currency": "ISO 4217",
    "cycles_billed": "billing cycles billed, those without a line too",
    "due_date": "day on which it is due",
    "effective": "first day that is charged",
    "ended": "position in history at which it ended",
    "exchange_rates": "name of the set of rates that was used",
    "execution": "id of the execution",
    "failed": "invoicers that failed",
    "first": "index of the first line that stands here",
    "fixed_end": "last day of its billing period, when that does not move",
    "holds_from": "first day of this price; empty: from the beginning",
    "id": "identity, 16 bytes, or its text",
    "invoice_date": "day of the invoice",
    "invoicer": "number of the account that receives the invoice",
    "invoices_generated": "invoices generated",
    "last_end": "last day of the period it ran for last",
    "last_start": "first day of the period it ran for last",
    "left_behind": "packages that stayed due",
    "line": "which of the chunk's",
    "lines": "the lines as stored, JSON",
    "message": "the reason as a sentence",
    "name": "name in plain; `erased` when it was forgotten",
    "name_folded": "the name as searches compare it",
    "net": "before tax, minor units",
    "next_at": "when it falls due next",
    "next_bill_date": "next day on which it is billed",
    "next_day": "local day of `next_at`",
    "number": "the number people know",
    "number_folded": "the number as searches compare it",
    "package": "code of the package",
    "packages_billed": "account-packages billed",
    "parent": "number of the account above it",
    "period_end": "last day of the billing period",
    "period_start": "first day of the billing period",
    "position": "position in history",
    "posting_date": "day on which it is posted",
    "queued": "position in history at which it was queued",
    "reason": "before_period, more_cycles, failed, account_suspended, not_reached",
    "recorded": "position in history at which it was asked for",
    "ref": "id in the owner's books",
    "requested_by": "who asked for it",
    "retried": "the chunk of the retried execution",
    "retry_of": "id of the execution, or of the declined payment, that it tries again",
    "schedule": "id of the schedule that it comes from",
    "series": "series of the number",
    "start": "first day",
    "started_at": "when its first chunk could begin",
    "status": "as the reference names them",
    "tax": "tax, minor units",
    "timing": "when: now, at or every, JSON",
    "total": "with tax, minor units",
    "totals": "totals of its invoices in minor units by currency, JSON",
    "until": "first day that is charged again",
    "about": "the reason of a detachment, the refund or the dispute",
    "asked_on": "day on which it was asked for, or came",
    "collection": "why it was asked for: balance_due, account_balance, dunning, retry, asked",
    "entry": "what happened, as the event is called: disbursed, detached, refunded and so on",
    "held_on": "day on which it holds",
    "invoice": "id of the invoice",
    "method": "id of the payment method; NULL: recorded",
    "payment": "id of the payment",
    "reference": "what the gateway, or the books, know it by",
    "retry_on": "day of the next attempt",
    "succeeded_on": "day on which the money was there",
    "kind": "what kind it is",
    "time_zone": "IANA zone in which business days begin",
    "window_start": "first day of its billing period",
}


def page() -> str:
    """The whole document."""
    parts = [_HEAD]
    for view in (*VIEWS, *ON_DEMAND):
        parts.append(f"## View `{view.name}`, version {view.version}\n")
        parts += [_table(table) for table in view.tables]
        parts += [_query(query) for query in view.queries]
    return "\n".join(parts)


def _query(query: Query) -> str:
    meant = COLUMNS | OF_QUERIES
    lines = [
        f"### view_{query.name}",
        f"{QUERIES[query.name]} Made at reading.\n",
        "| column | type | | what |",
        "|---|---|---|---|",
        *(_row(column, column.required, meant[column.name]) for column in query.columns),
        "",
    ]
    return "\n".join(lines)


def _table(table: Table) -> str:
    lines = [
        f"### {public_name(table)}",
        f"{TABLES[table.name]} Key: {', '.join(f'`{name}`' for name in table.key)}.\n",
        "| column | type | | what |",
        "|---|---|---|---|",
        *(_column(table, column) for column in table.columns),
        "",
    ]
    return "\n".join(lines)


def _column(table: Table, column: Column) -> str:
    return _row(column, column.required or column.name in table.key, COLUMNS[column.name])


def _row(column: Column, always: bool, what: str) -> str:
    kind = PostgresViews.types[column.type].split()[0].lower()
    return f"| `{column.name}` | {kind} | {'' if always else 'or NULL'} | {what} |"
