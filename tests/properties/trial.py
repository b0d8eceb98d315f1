"""A run under examination: previewed, run, and compared with what the rules say of it.

Nothing else happens between the preview and the end of the run, so what was due before says
exactly what has to be billed, to fail and to stay behind (R3, R7, R9, R28, R29, R32).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package.events import PackageBilled
from aggregates.chunk import LeftBehind
from aggregates.event import Event
from aggregates.execution import Counts, add_counts
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated
from aggregates.receivables import ChargesWaiting
from aggregates.refusal import Refusal
from commands.billing.preview import PREVIEW, preview_run
from schemas.stored import encode
from tests.properties.ledger import Ledger, Told
from tests.properties.shop import Run, Shop


@dataclass(slots=True)
class Before:
    """How things stood before a run; states never change, so a copy of the index is enough."""

    accounts: dict[str, AccountState]
    due: dict[str, tuple[str, date]]
    """Every package with a next bill date: its account and that date."""


@dataclass(slots=True)
class Made:
    """What a run made, without numbers, ids, execution and times."""

    events: list[str] = field(default_factory=list[str])
    counts: Counts = field(default_factory=Counts)
    failures: list[Any] = field(default_factory=list[Any])
    left: list[Any] = field(default_factory=list[Any])


def stand(ledger: Ledger) -> Before:
    due = {
        ref: (state.account, state.next_bill_date)
        for ref, state in ledger.packages.items()
        if state.next_bill_date is not None
    }
    return Before(dict(ledger.accounts), due)


def previewed(shop: Shop, run: Run) -> Made | None:
    """The run as it would be now; None when it is refused."""
    start, end = shop.period(run)
    made = Made()
    try:
        with preview_run(
            shop.store,
            run.bill_run,
            period_start=start,
            period_end=end,
            posting_date=shop.posting(run),
            catch_up=run.catch_up,
            account=run.account,
        ) as preview:
            for written in preview.written():
                events = (event for change in written.changes for event in change.events)
                made.events += _plain(events, identity.text(PREVIEW))
                made.counts = add_counts(made.counts, written.counts)
                made.failures += written.failures
                made.left += written.left
    except Refusal:
        return None
    return _sorted(made)


def happened(told: Told, execution: StreamId) -> Made:
    """What an execution has made."""
    events = (recorded.event for recorded in told.events)
    made = Made(list(_plain(events, identity.text(execution))), told.state.counts)
    made.failures, made.left = list(told.failures), list(told.left)
    return _sorted(made)


def _sorted(made: Made) -> Made:
    made.events = sorted(set(made.events))
    made.failures.sort(key=lambda failure: failure.invoicer)
    made.left.sort(key=lambda left: left.account_package)
    return made


def _plain(events: Iterable[Event], execution: str) -> Iterable[str]:
    for event in events:
        if isinstance(event, InvoiceGenerated | PackageBilled | ChargesWaiting):
            payload = encode(event).payload.decode().replace(execution, "")
            plain = json.loads(payload)
            plain.pop("number", None)
            plain.pop("sequence", None)
            yield json.dumps(plain, sort_keys=True)


def check_told(
    ledger: Ledger, before: Before, execution: StreamId, only: frozenset[str] | None = None
) -> None:
    """An execution that ran to its end at once did what was due, and told what it did not.
    `only`: the invoicers a retry is about.
    """
    told = ledger.executions[execution]
    expected: dict[str, LeftBehind] = {}
    for ref, (number, due) in before.due.items():
        account, asked = before.accounts[number], told.state
        if due > asked.period_end or not _is_asked(told, account, only):
            assert ref not in told.cycles, f"{ref} was not to be billed"
            continue
        reason = _reason(ledger, told, account, due)
        assert (ref in told.cycles) == (reason is None), f"{ref} due on {due}: {reason}"
        now = ledger.packages[ref].next_bill_date
        if reason is None and now is not None and now <= asked.period_end:
            assert told.cycles[ref] == (1 if asked.catch_up == "one" else int(asked.catch_up))
            reason = "more_cycles"
        if reason is not None:
            assert now is not None
            expected[ref] = LeftBehind(
                account_package=ref, account=number, next_bill_date=now, reason=reason
            )
    assert {left.account_package: left for left in told.left} == expected
    _check_failures(ledger, before, told)


def _is_asked(told: Told, account: AccountState, only: frozenset[str] | None) -> bool:
    """Whether the run is to charge the account."""
    if not told.may("bill_packages", account) or (
        only is not None and account.invoicer not in only
    ):
        return False
    return told.state.account in (None, account.number, account.invoicer)


def _reason(ledger: Ledger, told: Told, account: AccountState, due: date) -> str | None:
    """Why a package that is due is not to be billed; None if it is."""
    if not ledger.reached(told, account.invoicer):
        return "not_reached"
    asked = told.state
    failed = account.invoicer in {failure.invoicer for failure in told.failures}
    if account.status == "suspended":
        return "account_suspended"
    if asked.catch_up == "one" and due < asked.period_start:
        return "before_period"
    return "failed" if failed else None


def _check_failures(ledger: Ledger, before: Before, told: Told) -> None:
    """Nothing is written for an invoicer that failed but its failure (R28)."""
    failed = {failure.invoicer for failure in told.failures}
    assert len(failed) == len(told.failures)
    for invoice in told.invoices:
        assert invoice.account not in failed
    for failure in told.failures:
        assert before.accounts[failure.account].invoicer == failure.invoicer
        assert failure.code != "settings_outdated"
    for recorded in told.events:
        event = recorded.event
        if isinstance(event, ChargesWaiting):
            assert before.accounts[event.account].invoicer not in failed
