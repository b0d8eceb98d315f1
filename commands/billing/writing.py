"""From outcomes to what is written: the events and states of one chunk's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from aggregates import identity, invoice_state, receivables
from aggregates.account_package.events import PackageBilled
from aggregates.chunk import (
    ChunkBilled,
    Failure,
    FailuresRecorded,
    LeftBehind,
    PackagesLeftBehind,
)
from aggregates.event import Event
from aggregates.execution import Counts
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated
from aggregates.invoice_state import InvoiceState
from aggregates.receivables import ReceivablesEvent, ReceivablesState, Waiting
from commands.billing.chunk_pass import Outcome
from commands.billing.draft import ChargedPackage, Draft
from commands.billing.facts import AccountFacts
from commands.billing.settings import RunSettings
from commands.store import Staged
from schemas.stored import encode_state

PACKAGE = "account_package"

PAGE = 500
"""Failures or left-behind packages in one event at most (design decision 11)."""


@dataclass(slots=True)
class Written:
    """What one chunk writes, with its counts, and the versions it relied on."""

    changes: list[Staged] = field(default_factory=list[Staged])
    reads: list[tuple[str, bytes, int]] = field(default_factory=list[tuple[str, bytes, int]])
    counts: Counts = field(default_factory=Counts)
    failures: list[Failure] = field(default_factory=list[Failure])
    left: list[LeftBehind] = field(default_factory=list[LeftBehind])
    invoices: list[InvoiceGenerated] = field(default_factory=list[InvoiceGenerated])
    accounts: int = 0
    """How many accounts were charged."""


def write_outcomes(groups: Iterable[Sequence[Outcome]], settings: RunSettings) -> Written:
    """The events of every invoicer in the chunk, in a fixed order, so that a replay meets the
    same ones (design decision 21).
    """
    written = Written()
    packages = cycles = 0
    totals: dict[str, int] = {}
    for outcomes in groups:
        drafts = [outcome.draft for outcome in outcomes if outcome.draft is not None]
        _relate(written, outcomes)
        for draft in drafts:
            written.accounts += len({charged.row.account for charged in draft.charged})
            cycles += sum([len(charged.billing.cycles) for charged in draft.charged])
        billed = [
            _billed(charged, settings, draft.also.get(PACKAGE, {}))
            for draft in drafts
            for charged in draft.charged
        ]
        packages += len(billed)
        written.changes += billed
        for draft in drafts:
            if draft.invoice is not None:
                invoice = draft.invoice
                written.invoices.append(invoice)
                totals[invoice.currency] = totals.get(invoice.currency, 0) + invoice.total
                written.changes.append(_invoiced(draft, invoice, settings))
        for draft in drafts:
            if draft.new_waiting or draft.collected or draft.closed:
                written.changes += _receivables(draft, settings)
        written.changes += _also(drafts)
    written.counts = Counts(
        packages_billed=packages,
        cycles_billed=cycles,
        invoices_generated=len(written.invoices),
        failed=len(written.failures),
        left_behind=len(written.left),
        totals=totals,
    )
    return written


def _relate(written: Written, outcomes: Iterable[Outcome]) -> None:
    """What each outcome says of itself, and the accounts it relied on."""
    for outcome in outcomes:
        written.left += outcome.left
        if outcome.failure is not None:
            written.failures.append(outcome.failure)
        if outcome.facts is not None:
            written.reads += [
                ("account", account.row.stream, account.row.version)
                for account in outcome.facts.accounts
            ]


def _also(drafts: Iterable[Draft]) -> list[Staged]:
    """What stages wrote to other streams, in a fixed order; what they added to a package billed
    in this run stands with its books.
    """
    found: list[Staged] = []
    for draft in drafts:
        for kind, of_kind in draft.also.items():
            billed = draft.billed if kind == PACKAGE else ()
            found += [staged for stream, staged in of_kind.items() if stream not in billed]
    return sorted(found, key=lambda staged: (staged.kind, staged.stream))


def _invoiced(draft: Draft, invoice: InvoiceGenerated, settings: RunSettings) -> Staged:
    """The invoice, its first pages before it."""
    account = draft.facts.row.stream
    state: InvoiceState | None = None
    for page in draft.pages:
        state = invoice_state.evolve(state, page)
    return Staged(
        kind="invoice",
        stream=identity.invoice(settings.execution, account),
        expected=0,
        events=(*draft.pages, invoice),
        state=invoice_state.evolve(state, invoice),
        account=account,
    )


def _billed(charged: ChargedPackage, settings: RunSettings, also: dict[StreamId, Staged]) -> Staged:
    """One `account_package.billed` a cycle; the books are closed with the state after it. `also`
    may hold what happened to the package after that.
    """
    events: list[Event] = []
    encoded = b""
    for cycle in charged.billing.cycles:
        encoded = encode_state(cycle.state)
        events.append(
            PackageBilled(
                execution=settings.execution,
                bill_date=cycle.bill_date,
                posting_date=settings.posting_date,
                charges=cycle.charges,
                state=msgspec.Raw(encoded),
            )
        )
    after = also.get(charged.row.stream)
    return Staged(
        kind=PACKAGE,
        stream=charged.row.stream,
        expected=charged.row.version,
        events=events if after is None else [*events, *after.events],
        state=charged.billing.cycles[-1].state if after is None else after.state,
        encoded_state=encoded if after is None else None,
    )


def _receivables(draft: Draft, settings: RunSettings) -> list[Staged]:
    """What waited and was collected or closed, and what waits from now on, per account."""
    waits: dict[bytes, list[Waiting]] = {}
    for new in draft.new_waiting:
        waits.setdefault(new.account.row.stream, []).append(new.waiting)
    changes: list[Staged] = []
    for account in draft.facts.accounts:
        if account.receivables is None and account.row.stream not in waits:
            continue
        events = _of_account(draft, settings, account, waits.get(account.row.stream, []))
        if not events:
            continue
        before = account.receivables
        state: ReceivablesState | None = None if before is None else before.state
        for event in events:
            state = receivables.evolve(state, event)
        changes.append(
            Staged(
                kind="receivables",
                stream=identity.receivables(account.row.stream),
                expected=0 if before is None else before.version,
                events=events,
                state=state,
            )
        )
    return changes


def _of_account(
    draft: Draft, settings: RunSettings, account: AccountFacts, waits: list[Waiting]
) -> list[ReceivablesEvent]:
    events: list[ReceivablesEvent] = []
    end = settings.period_end
    before = account.receivables.state.waiting if account.receivables is not None else ()
    if draft.collected and any(waiting.bill_date <= end for waiting in before):
        invoice = identity.text(identity.invoice(settings.execution, draft.facts.row.stream))
        events.append(receivables.ChargesInvoiced(invoice=invoice, up_to=end))
    if draft.closed and any(w.bill_date <= end and w.charge.amount == 0 for w in before):
        events.append(receivables.ChargesClosed(execution=settings.execution, up_to=end))
    state = account.row.state
    return events + receivables.wait(state.number, state.currency, draft.waiting_reason, waits)


def closing_events(
    written: Written, settings: RunSettings, index: int, read_at: int, worker: str = ""
) -> Staged:
    """The chunk's own stream: failures and left-behind packages in pages, then the done mark."""
    events: list[Event] = []
    for first in range(0, len(written.failures), PAGE):
        page = tuple(written.failures[first : first + PAGE])
        events.append(FailuresRecorded(execution=settings.execution, first=first, failures=page))
    events += left_behind_pages(settings.execution, written.left)
    count = sum(len(change.events) for change in written.changes) + len(events) + 1
    events.append(
        ChunkBilled(
            execution=settings.execution,
            index=index,
            position=read_at,
            counts=written.counts,
            events=count,
            worker=worker,
        )
    )
    stream = identity.chunk(settings.execution_id, index)
    return Staged(kind="chunk", stream=stream, expected=0, events=events)


def left_behind_pages(execution: str, left: list[LeftBehind]) -> list[Event]:
    """Left-behind packages, in pages."""
    return [
        PackagesLeftBehind(
            execution=execution, first=first, packages=tuple(left[first : first + PAGE])
        )
        for first in range(0, len(left), PAGE)
    ]
