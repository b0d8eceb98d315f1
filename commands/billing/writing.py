"""From outcomes to what is written: the events and states of one chunk's transaction."""

from collections.abc import Callable, Iterable, Sequence
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
    """What one chunk wrote: how much of it, the versions it relied on, and what became of those
    for whom it wrote nothing.
    """

    reads: list[tuple[str, bytes, int]] = field(default_factory=list[tuple[str, bytes, int]])
    failures: list[Failure] = field(default_factory=list[Failure])
    left: list[LeftBehind] = field(default_factory=list[LeftBehind])
    events: int = 0
    accounts: int = 0
    """How many accounts were charged."""
    packages: int = 0
    cycles: int = 0
    invoices: int = 0
    totals: dict[str, int] = field(default_factory=dict[str, int])
    """Of the invoices, by currency."""

    @property
    def counts(self) -> Counts:
        return Counts(
            packages_billed=self.packages,
            cycles_billed=self.cycles,
            invoices_generated=self.invoices,
            failed=len(self.failures),
            left_behind=len(self.left),
            totals=dict(self.totals),
        )


Take = Callable[[list[Staged]], object]
"""Takes the changes of some invoicers, as they are decided."""


def write_outcomes(
    groups: Iterable[Sequence[Outcome]], settings: RunSettings, written: Written, take: Take
) -> None:
    """Hands over the events of every invoicer, in a fixed order, so that a replay meets the same
    ones (design decision 21), and adds them to what is `written`.
    """
    for outcomes in groups:
        drafts = [outcome.draft for outcome in outcomes if outcome.draft is not None]
        _relate(written, outcomes)
        changes = [
            _billed(charged, settings, draft.also.get(PACKAGE, {}))
            for draft in drafts
            for charged in draft.charged
        ]
        for draft in drafts:
            _count(written, draft)
            if draft.invoice is not None:
                changes.append(_invoiced(draft, draft.invoice, settings))
        for draft in drafts:
            if draft.new_waiting or draft.collected or draft.closed:
                changes += _receivables(draft, settings)
        changes += _also(drafts)
        written.events += sum([len(change.events) for change in changes])
        take(changes)


def _count(written: Written, draft: Draft) -> None:
    written.accounts += len({charged.row.account for charged in draft.charged})
    written.packages += len(draft.charged)
    written.cycles += sum([len(charged.billing.cycles) for charged in draft.charged])
    invoice = draft.invoice
    if invoice is not None:
        written.invoices += 1
        currency = invoice.currency
        written.totals[currency] = written.totals.get(currency, 0) + invoice.total


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
    count = written.events + len(events) + 1
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
