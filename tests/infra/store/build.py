"""Batches as handlers and the billing pass make them, small and plain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec.structs import replace

from aggregates import account, identity, invoice_state, owner
from aggregates.account import AccountOpened, AccountState
from aggregates.account_package.events import Charge, PackageAdded, PackageBilled
from aggregates.account_package.state import AccountPackageState, Segment
from aggregates.chunk import ChunkBilled
from aggregates.event import Event
from aggregates.execution import Counts
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated, InvoiceLine
from aggregates.owner import Numbering, OwnerSetUp
from commands.store import Batch, Committed, Metadata, Numbers, Staged, Store
from schemas.kinds import KINDS
from schemas.stored import encode_state

GROUP = "Monthly"
FIRST_BILL_DATE = date(2020, 2, 1)
NUMBERS = Numbers("INV-", 6, 7854)


def month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, day.day)


def read_at(store: Store) -> int:
    with store.snapshot() as reading:
        return reading.head.position


def batch(store: Store, *changes: Staged, numbers: Numbers | None = None) -> Batch:
    return Batch(
        Metadata(command="c-1", requested_by="tests"),
        read_at(store),
        [*changes],
        numbers=() if numbers is None else (numbers,),
    )


def staged(
    kind: str, stream: StreamId, expected: int, *events: Event, before: object = None
) -> Staged:
    """New events with the state that follows from `before`."""
    state = before
    for event in events:
        state = KINDS[kind].evolve(state, event)
    assert isinstance(state, msgspec.Struct)
    return Staged(kind, stream, expected, events, state)  # type: ignore[arg-type]


def opened(number: str, invoicer: str | None = None, parent: str | None = None) -> AccountOpened:
    return AccountOpened(
        number=number,
        name=f"{number} Ltd",
        currency="USD",
        bill_group=GROUP,
        bill_day=1,
        invoicer=invoicer or number,
        opened_on=date(2020, 1, 1),
        parent=parent,
    )


def open_account(number: str, invoicer: str | None = None, parent: str | None = None) -> Staged:
    return staged("account", identity.account(number), 0, opened(number, invoicer, parent))


def account_state(number: str) -> AccountState:
    return account.evolve(None, opened(number))


def added(number: str, ref: str) -> PackageAdded:
    return PackageAdded(
        ref=ref,
        account=number,
        package="internet",
        currency="USD",
        effective=date(2020, 1, 1),
        calendar=(Segment(anchor=date(2020, 1, 1), bill_day=1),),
        next_bill_date=FIRST_BILL_DATE,
    )


def package_stream(number: str, ref: str) -> StreamId:
    return identity.account_package(identity.account(number), ref)


def add_package(number: str, ref: str) -> Staged:
    return staged("account_package", package_stream(number, ref), 0, added(number, ref))


def set_up_owner(start: int = 7854) -> Staged:
    event = OwnerSetUp(
        name="Acme",
        currency="USD",
        currencies={"USD": 2, "EUR": 2},
        time_zone="America/Toronto",
        numbering=Numbering(prefix="INV-", start=start, length=6),
    )
    return Staged("owner", identity.owner(), 0, [event], owner.evolve(None, event))


@dataclass
class Billing:
    """Bills every package that a snapshot finds due, account by account, in one batch."""

    store: Store
    execution: str
    chunk: int = 0

    def batch(self, end: date, low: bytes = b"", high: bytes = b"") -> Batch:
        with self.store.snapshot() as reading:
            due = reading.due_packages_in(low, high, [GROUP], end)
            made = Batch(Metadata(), reading.head.position, numbers=(NUMBERS,))
        for row in due:
            made.changes.extend(self._bill(row.stream, row.version, row.state))
        counts = Counts(packages_billed=len(due), invoices_generated=len(due))
        done = ChunkBilled(
            execution=self.execution, index=self.chunk, position=made.read_at, counts=counts
        )
        chunk = identity.chunk(identity.named("execution", self.execution), self.chunk)
        made.changes.append(Staged("chunk", chunk, 0, [done]))
        self.chunk += 1
        return made

    def run(self, end: date, low: bytes = b"", high: bytes = b"") -> Committed:
        return self.store.append(self.batch(end, low, high))

    def _bill(self, stream: StreamId, version: int, state: AccountPackageState) -> Sequence[Staged]:
        bill_date = state.next_bill_date
        assert bill_date is not None
        after = replace(state, next_bill_date=month_after(bill_date), done=bill_date)
        charge = a_charge(bill_date)
        encoded = encode_state(after)
        billed = PackageBilled(
            execution=self.execution,
            bill_date=bill_date,
            posting_date=bill_date,
            charges=(charge,),
            state=msgspec.Raw(encoded),
        )
        invoice = an_invoice(self.execution, state.account, state.ref, charge, bill_date)
        invoicer = identity.account(state.account)
        return (
            Staged("account_package", stream, version, [billed], after, encoded),
            Staged(
                "invoice",
                identity.invoice(self.execution, invoicer),
                0,
                [invoice],
                invoice_state.evolve(None, invoice),
            ),
        )


def a_charge(bill_date: date) -> Charge:
    return Charge(
        service="internet",
        name="Internet 100",
        kind="recurring",
        start=date(2020, 1, 1),
        end=bill_date,
        days=31,
        full_days=31,
        amount=2000,
        unit_price=2000,
    )


def an_invoice(
    execution: str, number: str, ref: str, charge: Charge, bill_date: date
) -> InvoiceGenerated:
    line = InvoiceLine(
        account=number,
        account_package=ref,
        package="internet",
        bill_date=bill_date,
        service=charge.service,
        name=charge.name,
        kind=charge.kind,
        start=charge.start,
        end=charge.end,
        days=charge.days,
        full_days=charge.full_days,
        amount=charge.amount,
        unit_price=charge.unit_price,
    )
    return InvoiceGenerated(
        execution=execution,
        account=number,
        currency="USD",
        invoice_date=bill_date,
        due_date=bill_date,
        posting_date=bill_date,
        net=charge.amount,
        tax=0,
        total=charge.amount,
        lines=(line,),
        line_count=1,
    )


def fill(store: Store, accounts: int) -> None:
    """An owner and accounts with a package each."""
    first = batch(store, set_up_owner())
    first.number_starts = {"default": NUMBERS.start}
    store.append(first)
    changes: list[Staged] = []
    for index in range(accounts):
        number = f"A-{index}"
        changes += [open_account(number), add_package(number, f"{number}/internet")]
    store.append(batch(store, *changes))
