"""The view of contracts: what accounts committed to, how far it is settled, how it ends (R31)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from aggregates import contract as events
from aggregates.contract import ContractState, ContractTerms
from aggregates.proration import Span
from projections.shapes import Showing
from projections.view import (
    Column,
    Database,
    Occurrence,
    Operation,
    Table,
    View,
    change,
    put,
)

CONTRACTS = Table(
    "contracts",
    key=("id",),
    columns=(
        Column("id", "bytes"),
        Column("ref", required=True),
        Column("account", required=True),
        Column("currency", required=True),
        Column("start", "date", required=True),
        Column("term", required=True),
        Column("term_end", "date", required=True),
        Column("renewal", required=True),
        Column("commitment", "integer"),
        Column("per"),
        Column("status", required=True),
        Column("ends", "date"),
        Column("settled_to", "date", required=True),
    ),
    indexes=(("ref",), ("account",)),
)
"""`commitment` is in minor units per commit period; `ends` the first day not under contract, once
that is known; `settled_to` the day up to which commit periods are closed.
"""

PERIODS = Table(
    "commit_periods",
    key=("contract", "start"),
    columns=(
        Column("contract", "bytes"),
        Column("start", "date"),
        Column("end_date", "date", required=True),
        Column("commitment", "integer", required=True),
        Column("counted", "integer", required=True),
        Column("shortfall", "integer", required=True),
        Column("execution", required=True),
    ),
)

_PUT = put(CONTRACTS)
_TERMS = change(CONTRACTS, "start", "term", "term_end", "renewal", "commitment", "per")
_TERM_END = change(CONTRACTS, "term_end")
_ENDS = change(CONTRACTS, "ends")
_STATUS = change(CONTRACTS, "status", "ends")
_SETTLED = change(CONTRACTS, "settled_to")
_PERIOD = put(PERIODS)


def _terms(terms: ContractTerms) -> tuple[int | None, str | None]:
    found = terms.commitment
    return (None, None) if found is None else (found.amount, found.per)


def _signed(at: Occurrence, event: events.ContractSigned) -> tuple[Operation]:
    terms, start = event.terms, event.start.isoformat()
    row = (
        at.stream,
        event.ref,
        event.account,
        event.currency,
        start,
        terms.term,
        event.term_end.isoformat(),
        terms.renewal,
        *_terms(terms),
        "active",
        None,
        start,
    )
    return ((_PUT, row),)


def _amended(at: Occurrence, event: events.ContractAmended) -> tuple[Operation]:
    terms, start = event.terms, event.start.isoformat()
    ends = event.term_end.isoformat()
    row = (at.stream, start, terms.term, ends, terms.renewal, *_terms(terms))
    return ((_TERMS, row),)


def _renewed(at: Occurrence, event: events.ContractRenewed) -> tuple[Operation]:
    return ((_TERM_END, (at.stream, event.end.isoformat())),)


def _notice(at: Occurrence, event: events.NoticeGiven) -> tuple[Operation]:
    return ((_ENDS, (at.stream, event.ends.isoformat())),)


def _terminated(at: Occurrence, event: events.ContractTerminated) -> tuple[Operation]:
    return ((_STATUS, (at.stream, "terminated", event.as_of.isoformat())),)


def _ended(at: Occurrence, event: events.ContractEnded) -> tuple[Operation]:
    return ((_STATUS, (at.stream, "ended", event.on.isoformat())),)


def _closed(at: Occurrence, event: events.CommitPeriodClosed) -> tuple[Operation, Operation]:
    row = (
        at.stream,
        event.start.isoformat(),
        event.end.isoformat(),
        event.commitment,
        event.counted,
        event.shortfall,
        event.execution,
    )
    return ((_PERIOD, row), (_SETTLED, (at.stream, event.end.isoformat())))


VIEW = View(
    "contracts",
    version=1,
    tables=(CONTRACTS, PERIODS),
    handlers={
        "contract.signed": _signed,
        "contract.amended": _amended,
        "contract.renewed": _renewed,
        "contract.notice_given": _notice,
        "contract.terminated": _terminated,
        "contract.ended": _ended,
        "contract.period_closed": _closed,
    },
)

_FIELDS = (
    "id",
    "account",
    "currency",
    "start",
    "term",
    "term_end",
    "renewal",
    "commitment",
    "per",
    "status",
    "ends",
)


def all_contracts(
    views: Database, show: Showing, account: str | None = None
) -> Iterator[dict[str, Any]]:
    """Every contract, or those of an account, by account and id."""
    where = "" if account is None else "WHERE account = ?"
    sql = f"""
        SELECT ref, account, currency, start, term, term_end, renewal, commitment, per, status, ends
        FROM view_contracts {where} ORDER BY account, ref"""
    for row in views.rows(sql, () if account is None else (account,)):
        found: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
        for field in ("start", "term_end", "ends"):
            found[field] = _day(found[field])
        if found["commitment"] is not None:
            found["commitment"] = show.amount(found["commitment"], found["currency"])
        yield found


def one(
    views: Database,
    stream: bytes,
    state: ContractState,
    running: tuple[Span, int] | None,
    show: Showing,
) -> dict[str, Any]:
    """A contract with its terms and its commit periods: those closed, and the one that runs, with
    what counts so far.
    """
    terms, currency = state.terms, state.currency
    ends = state.ended or state.terminated or state.ends
    return {
        "id": state.ref,
        "account": state.account,
        "currency": currency,
        "status": state.status,
        "start": state.start.isoformat(),
        "term": terms.term,
        "term_end": state.term_end.isoformat(),
        "renewal": terms.renewal,
        "notice_days": terms.notice_days,
        "ends": None if ends is None else ends.isoformat(),
        "commitment": _commitment(terms, currency, show),
        "termination": _termination(terms, currency, show),
        "escalator": _escalator(terms),
        "packages": list(terms.packages),
        "periods": list(_periods(views, stream, currency, show)),
        "running": _running(state, running, show),
    }


def _running(
    state: ContractState, running: tuple[Span, int] | None, show: Showing
) -> dict[str, Any] | None:
    if running is None:
        return None
    (start, end), counted = running
    return {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "counted": show.amount(counted, state.currency),
    }


def _periods(
    views: Database, stream: bytes, currency: str, show: Showing
) -> Iterator[dict[str, Any]]:
    sql = """
        SELECT start, end_date, commitment, counted, shortfall, execution
        FROM view_commit_periods WHERE contract = ? ORDER BY start"""
    for start, end, commitment, counted, shortfall, execution in views.rows(sql, (stream,)):
        yield {
            "start": _day(start),
            "end": _day(end),
            "commitment": show.amount(commitment, currency),
            "counted": show.amount(counted, currency),
            "shortfall": show.amount(shortfall, currency),
            "execution": execution,
        }


def _commitment(terms: ContractTerms, currency: str, show: Showing) -> dict[str, Any] | None:
    found = terms.commitment
    if found is None:
        return None
    return {
        "amount": show.amount(found.amount, currency),
        "per": found.per,
        "service": found.service,
        "name": found.name,
        "gl_code": found.gl_code,
    }


def _termination(terms: ContractTerms, currency: str, show: Showing) -> dict[str, Any] | None:
    found = terms.termination
    if found is None:
        return None
    return {
        "amount": None if found.amount is None else show.amount(found.amount, currency),
        "percent": None if found.percent is None else f"{found.percent:f}",
        "service": found.service,
        "name": found.name,
        "gl_code": found.gl_code,
    }


def _escalator(terms: ContractTerms) -> dict[str, Any] | None:
    found = terms.escalator
    return None if found is None else {"percent": f"{found.percent:f}", "every": found.every}


def _day(found: Any) -> str | None:
    return found.isoformat() if isinstance(found, date) else found
