"""An auditor's ledger: what there is, what every execution told, where every charge stands."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package.state import AccountPackageState
from aggregates.bill_group import BillGroupState
from aggregates.bill_run import BillRunSettings
from aggregates.chunk import ChunkBilled, ChunkNotReached, Failure, LeftBehind
from aggregates.execution import Counts, ExecutionState
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine
from aggregates.owner import Numbering
from aggregates.package import PackageState
from commands.store import Recorded
from schemas.kinds import KINDS


class Key(NamedTuple):
    """A charge's identity (R14)."""

    account_package: str
    bill_date: date
    service: str
    start: date
    end: date
    kind: str


@dataclass(slots=True)
class Told:
    """What an execution wrote, by its lists."""

    state: ExecutionState
    settings: BillRunSettings | None = None
    """The bill run as it was when it started; the same for how numbers are printed."""
    numbering: Numbering = field(default_factory=Numbering)
    excluded: frozenset[tuple[str, str]] = frozenset()
    """Accounts that were excluded then, with the group that excludes them."""
    bounds: list[str] = field(default_factory=list[str])
    retries: list[int] = field(default_factory=list[int])
    """Where its chunks lie; for a retry, which chunks of the other execution they take up."""
    moved: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Accounts that changed their invoicer while it ran, with the ones they had before: each
    chunk tells what it saw.
    """
    cycles: Counter[str] = field(default_factory=Counter[str])
    invoices: list[InvoiceGenerated] = field(default_factory=list[InvoiceGenerated])
    failures: list[Failure] = field(default_factory=list[Failure])
    left: list[LeftBehind] = field(default_factory=list[LeftBehind])
    events: list[Recorded] = field(default_factory=list[Recorded])
    chunks: dict[int, ChunkBilled | ChunkNotReached] = field(
        default_factory=dict[int, ChunkBilled | ChunkNotReached]
    )

    def may(self, action: str, account: AccountState) -> bool:
        """Whether it does this at all, and for the account (R3)."""
        if self.settings is None or action not in self.settings.actions:
            return False
        group = account.bill_group
        ours = {(group, account.number), (group, account.invoicer)}
        return group in self.settings.bill_groups and not ours & self.excluded

    def counts(self) -> Counts:
        """What its counts have to be."""
        totals: Counter[str] = Counter()
        for invoice in self.invoices:
            totals[invoice.currency] += invoice.total
        return Counts(
            packages_billed=len(self.cycles),
            cycles_billed=self.cycles.total(),
            invoices_generated=len(self.invoices),
            failed=len(self.failures),
            left_behind=len(self.left),
            totals=dict(totals),
        )


class Ledger:
    """`charged` holds every charge ever made; `owing` those on no invoice, `waiting` those of
    them that an account's receivables name.
    """

    def __init__(self) -> None:
        self.position = 0
        self.states: dict[StreamId, Any] = {}
        self.accounts: dict[str, AccountState] = {}
        self.groups: dict[str, BillGroupState] = {}
        self.catalogue: dict[str, PackageState] = {}
        self.packages: dict[str, AccountPackageState] = {}
        self.executions: dict[StreamId, Told] = {}
        self.charged: dict[Key, int] = {}
        self.owing: dict[Key, int] = {}
        self.waiting: dict[Key, str] = {}
        self.invoiced: dict[Key, str] = {}
        self.days: dict[tuple[str, str], set[date]] = {}
        self.rates: dict[StreamId, Any] = {}
        self.numbering = Numbering()
        self.last_number = 0
        self.pages: dict[StreamId, list[InvoiceLine]] = {}

    def fold(self, recorded: Recorded) -> None:
        kind = recorded.type.split(".")[0]
        if recorded.type == "bill_run.scheduled":
            kind = "schedule"
        if kind not in KINDS:
            return
        before = self.states.get(recorded.stream)
        state: Any = KINDS[kind].evolve(before, recorded.event)
        self.states[recorded.stream] = state
        match kind:
            case "account":
                self.accounts[state.number] = state
            case "account_package":
                self.packages[state.ref] = state
            case "bill_group":
                self.groups[state.name] = state
            case "package":
                self.catalogue[state.code] = state
            case "execution":
                self.executions.setdefault(recorded.stream, Told(state)).state = state
            case "owner":
                self.numbering = state.numbering
            case _:
                pass

    def told(self, execution: str) -> Told:
        return self.executions[identity.parse(execution)]

    def chunk_of(self, told: Told, invoicer: str) -> int | None:
        """Which of the execution's chunks holds an invoicer."""
        if told.state.retry_of is not None:
            index = self.chunk_of(self.told(told.state.retry_of), invoicer)
            return told.retries.index(index) if index in told.retries else None
        stream = identity.account(invoicer)
        for index, low in enumerate(told.bounds[:-1]):
            high = told.bounds[index + 1]
            if bytes.fromhex(low) <= stream and (not high or stream < bytes.fromhex(high)):
                return index
        return None

    def reached(self, told: Told, invoicer: str) -> bool:
        """Whether it billed the chunk that holds the invoicer."""
        index = self.chunk_of(told, invoicer)
        return index is not None and isinstance(told.chunks.get(index), ChunkBilled)
