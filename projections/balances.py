"""What accounts owe, for dashboards: SQL over the rows of other views (R23-R25).

A plain run writes nothing for it. R25 is said here in SQL, and `aggregates.balance` says it for
decisions: `verify` compares the two.
"""

from collections.abc import Iterator

from aggregates import owner as events
from aggregates.payment.state import PENDING
from projections.owed import BUCKETS, LATEST
from projections.view import Column, Occurrence, Operation, Query, Table, View, change, put

OWNER = Table(
    "owner",
    key=("id",),
    columns=(
        Column("id", "bytes"),
        Column("name", required=True),
        Column("currency", required=True),
        Column("time_zone", required=True),
    ),
)
"""One row: whose days these are."""

_PUT = put(OWNER)
_NAME = change(OWNER, "name")
_ZONE = change(OWNER, "time_zone")


def _set_up(at: Occurrence, event: events.OwnerSetUp) -> tuple[Operation]:
    return ((_PUT, (at.stream, event.name, event.currency, event.time_zone)),)


def _renamed(at: Occurrence, event: events.OwnerRenamed) -> tuple[Operation]:
    return ((_NAME, (at.stream, event.name)),)


def _moved(at: Occurrence, event: events.TimeZoneChanged) -> tuple[Operation]:
    return ((_ZONE, (at.stream, event.time_zone)),)


_WHOSE = (Column("account", required=True), Column("currency", required=True))

OPEN_DOCUMENTS = Query(
    "open_documents",
    (
        *_WHOSE,
        Column("id", "bytes", required=True),
        Column("number", required=True),
        Column("kind", required=True),
        Column("invoice_date", "date", required=True),
        Column("due_date", "date", required=True),
        Column("total", "integer", required=True),
        Column("open", "integer", required=True),
        Column("days_past_due", "integer", required=True),
    ),
    """
    SELECT i.account, i.currency, i.id, i.number, i.kind, i.invoice_date, i.due_date, i.total,
        i.total - COALESCE(s.amount, 0), {days_since_due}
    FROM view_invoices i
    LEFT JOIN (
        SELECT id, CAST(SUM(amount) AS BIGINT) AS amount FROM view_invoice_settlements GROUP BY id
    ) s ON s.id = i.id
    WHERE i.status <> 'void' AND i.kind <> 'reversal' AND i.total <> COALESCE(s.amount, 0)
    """,
)

_UNAPPLIED = """
    SELECT p.account, p.currency, p.amount - COALESCE(SUM(
        CASE
            WHEN e.entry IN ('disbursed', 'refund_requested', 'charged_back') THEN e.amount
            WHEN e.entry IN ('detached', 'refund_failed', 'refund_returned', 'charge_back_won')
                THEN -e.amount
            WHEN e.entry = 'refunded' AND p.method IS NULL THEN e.amount
        END), 0) AS rest
    FROM view_payments p LEFT JOIN view_payment_entries e ON e.payment = p.id
    WHERE p.status = 'succeeded'
    GROUP BY p.id, p.account, p.currency, p.amount
"""
"""What each payment has left. A refund counts from when it is asked for; that of recorded money is
never asked for, it has happened.
"""

_WAITING = """
    SELECT a.invoicer AS account, t.currency, t.amount
    FROM view_transactions t
    JOIN view_accounts a ON a.number = t.account
    JOIN view_accounts i ON i.number = a.invoicer AND i.currency = t.currency
    WHERE t.removed = 0 AND NOT EXISTS (
        SELECT 1 FROM view_transactions_invoiced n
        WHERE n.stream = t.stream AND n.position > t.since AND n.up_to >= t.date)
"""
"""Manual transactions that wait for an invoice of an account, in its currency."""

_PENDING = ", ".join(f"'{status}'" for status in PENDING)

BALANCES = Query(
    "balances",
    (
        *_WHOSE,
        Column("documents", "integer", required=True),
        Column("waiting", "integer", required=True),
        Column("unapplied", "integer", required=True),
        Column("balance", "integer", required=True),
        Column("pending", "integer", required=True),
    ),
    f"""
    SELECT account, currency, CAST(SUM(documents) AS BIGINT), CAST(SUM(waiting) AS BIGINT),
        CAST(SUM(unapplied) AS BIGINT),
        CAST(SUM(documents) + SUM(waiting) - SUM(unapplied) AS BIGINT),
        CAST(SUM(pending) AS BIGINT)
    FROM (
        SELECT account, currency, open AS documents, 0 AS waiting, 0 AS unapplied, 0 AS pending
        FROM view_open_documents
        UNION ALL
        SELECT w.account, w.currency, 0, w.amount, 0, 0 FROM ({_WAITING}) w
        UNION ALL
        SELECT u.account, u.currency, 0, 0, u.rest, 0 FROM ({_UNAPPLIED}) u WHERE u.rest <> 0
        UNION ALL
        SELECT account, currency, 0, 0, 0, amount FROM view_payments WHERE status IN ({_PENDING})
    ) parts
    GROUP BY account, currency
    """,
)


def _buckets() -> Iterator[str]:
    """A sum for each bucket of days past due, as `ledger aging` has them."""
    after = None
    for last in (*LATEST, None):
        begins = "" if after is None else f"days > {after}"
        ends = "" if last is None else f"days <= {last}"
        holds = " AND ".join(filter(None, (begins, ends)))
        yield f"CAST(SUM(CASE WHEN {holds} THEN open ELSE 0 END) AS BIGINT)"
        after = last


AGING = Query(
    "aging",
    (
        *_WHOSE,
        *(
            Column(name if name[0].isalpha() else f"days_{name}", "integer", required=True)
            for name in BUCKETS
        ),
        Column("unapplied", "integer", required=True),
        Column("total", "integer", required=True),
    ),
    f"""
    SELECT account, currency, {", ".join(_buckets())}, CAST(SUM(unapplied) AS BIGINT),
        CAST(SUM(open) + SUM(unapplied) AS BIGINT)
    FROM (
        SELECT account, currency, days_past_due AS days, open, 0 AS unapplied
        FROM view_open_documents WHERE open > 0
        UNION ALL
        SELECT account, currency, 0, 0, open FROM view_open_documents WHERE open < 0
        UNION ALL
        SELECT u.account, u.currency, 0, 0, -u.rest FROM ({_UNAPPLIED}) u WHERE u.rest <> 0
    ) parts
    GROUP BY account, currency
    """,
)

DECLINES = Query(
    "declines",
    (
        *_WHOSE,
        Column("payment", required=True),
        Column("amount", "integer", required=True),
        Column("method"),
        Column("attempt", "integer", required=True),
        Column("retry_of"),
        Column("asked_on", "date", required=True),
        Column("code"),
        Column("message"),
        Column("retry_on", "date"),
        Column("retry_due", "integer", required=True),
    ),
    """
    SELECT account, currency, id, amount, method, attempt, retry_of, asked_on, code, message,
        retry_on, CASE WHEN retry_on <= {today} THEN 1 ELSE 0 END
    FROM view_payments WHERE status = 'declined'
    """,
)

COLLECTIONS = Query(
    "collections",
    (
        *_WHOSE,
        Column("status", required=True),
        Column("ar_term"),
        Column("overdue", "integer", required=True),
        Column("invoices", "integer", required=True),
        Column("oldest_due_date", "date", required=True),
        Column("days_past_due", "integer", required=True),
        Column("levels", "integer", required=True),
        Column("reached_on", "date"),
        Column("retry_on", "date"),
    ),
    """
    SELECT o.account, o.currency, a.status, a.ar_term, CAST(SUM(o.open) AS BIGINT), COUNT(*),
        MIN(o.due_date), MAX(o.days_past_due), CAST(COALESCE(SUM(l.levels), 0) AS BIGINT),
        MAX(l.reached_on), MIN(p.retry_on)
    FROM view_open_documents o
    JOIN view_accounts a ON a.number = o.account
    LEFT JOIN (
        SELECT id, COUNT(*) AS levels, MAX(reached_on) AS reached_on
        FROM view_dunning_levels GROUP BY id
    ) l ON l.id = o.id
    LEFT JOIN (
        SELECT account, MIN(retry_on) AS retry_on
        FROM view_payments WHERE status = 'declined' GROUP BY account
    ) p ON p.account = o.account
    WHERE o.kind = 'charges' AND o.open > 0 AND o.days_past_due > 0
    GROUP BY o.account, o.currency, a.status, a.ar_term
    """,
)

VIEW = View(
    "balances",
    version=1,
    tables=(OWNER,),
    handlers={
        "owner.set_up": _set_up,
        "owner.renamed": _renamed,
        "owner.time_zone_changed": _moved,
    },
    queries=(OPEN_DOCUMENTS, BALANCES, AGING, DECLINES, COLLECTIONS),
)
"""The queries come in the order in which they read each other."""
