"""The work on one invoicer while the stages pass over it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from aggregates.account_package.cycles import Billing
from aggregates.account_package.events import Charge
from aggregates.chunk import LeftBehind
from aggregates.contract import Counted
from aggregates.event import Event, State
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from aggregates.receivables import Waiting
from aggregates.refusal import Refusal
from commands.billing.facts import AccountFacts, InvoicerFacts
from commands.store import PackageRow, Staged
from schemas.kinds import KINDS


class CannotBill(Exception):
    """The invoicer cannot be charged or invoiced (R28); says where the cause lies."""

    def __init__(self, account: str, account_package: str | None, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.account = account
        self.account_package = account_package
        self.refusal = refusal


class ChargedPackage(msgspec.Struct):
    """An account-package whose cycles were charged, with the books of each."""

    row: PackageRow
    billing: Billing


class NewCharge(msgspec.Struct):
    """A charge of this execution, looking for an invoice. A fee has no package: its `waiting`
    names none, but a transaction (R24, R31).
    """

    account: AccountFacts
    package: PackageRow | None
    waiting: Waiting

    @property
    def charge(self) -> Charge:
        return self.waiting.charge


class Draft(msgspec.Struct):
    """Filled by the stages in their order (R4). `invoice` and `pages` are the invoice, if one is
    made; `new_waiting` the charges that go on none, with the reason; `collected` tells that what
    waited up to the period's end went on the invoice, `closed` that its lines of 0.00 were closed.
    `counted` is what executions of an older form charged under contracts whose terms are still to
    be done, by contract.
    `also` is what stages wrote to other streams, by kind. `cause` is why the invoicer cannot be
    billed, if so.
    """

    facts: InvoicerFacts
    charged: list[ChargedPackage] = []
    charges: list[NewCharge] = []
    left: list[LeftBehind] = []
    invoice: InvoiceGenerated | None = None
    pages: list[InvoiceLinesAdded] = []
    new_waiting: list[NewCharge] = []
    waiting_reason: str = ""
    counted: dict[StreamId, tuple[Counted, ...]] = {}
    collected: bool = False
    closed: bool = False
    lines: list[InvoiceLine] = []
    also: dict[str, dict[StreamId, Staged]] = {}
    by_stream: dict[StreamId, ChargedPackage] = {}
    cause: CannotBill | None = None

    def is_invoicer(self, account: AccountFacts) -> bool:
        """Whether it receives the invoice of this run."""
        return account.row.stream == self.facts.row.stream

    @property
    def payers(self) -> list[AccountFacts]:
        """The accounts that may owe invoices: the invoicer, and whoever it bills for now and was
        an invoicer before, for invoices stay where they are (R15).
        """
        invoicer = self.facts.row.stream
        return [
            account
            for account in self.facts.accounts
            if account.row.stream == invoicer or "invoice" in account.items
        ]

    def stage(
        self,
        kind: str,
        stream: StreamId,
        version: int,
        state: State | None,
        events: Sequence[Event],
        after: State | None = None,
        account: StreamId = b"",
    ) -> Any:
        """Adds events of another stream to what is written for the invoicer: an invoice's dunning
        level, a payment asked for, an account's status. `version` and `state` are those it was
        read at (0 and None: new); the state after everything staged so far is returned. It is
        folded here, unless whoever decided has had to fold it: `after`. `account` is whose it is.
        """
        of_kind = self.also.setdefault(kind, {})
        staged = of_kind.get(stream)
        if after is not None:
            state = after
        else:
            state = state if staged is None else staged.state
            evolve = KINDS[kind].evolve
            for event in events:
                state = evolve(state, event)
        if staged is None:
            of_kind[stream] = Staged(kind, stream, version, events, state, None, account)
        else:
            staged.events = [*staged.events, *events]
            staged.state = state
        return state

    @property
    def billed(self) -> dict[StreamId, ChargedPackage]:
        """The packages charged by this run; worked out again only when there are more of them."""
        if len(self.by_stream) != len(self.charged):
            self.by_stream = {charged.row.stream: charged for charged in self.charged}
        return self.by_stream

    def state_of(self, kind: str, stream: StreamId, read: State | None) -> Any:
        """What a stream of a kind is with what is staged."""
        of_kind = self.also.get(kind)
        if of_kind is None or stream not in of_kind:
            return read
        return of_kind[stream].state
