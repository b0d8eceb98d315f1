"""A small past, written event by event through the store port: everything there is to see.

A parent invoiced in EUR for its child in USD, a customer who failed and was billed by a retry,
packages left behind, a long invoice of two pages, schedules in every status.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from aggregates import account, chunk, execution, identity, invoice, schedule
from aggregates.account_package import lifecycle
from aggregates.account_package.cycles import bill_cycles
from aggregates.account_package.evolve import evolve
from aggregates.bill_group import BillGroupCreated, BillGroupSettings
from aggregates.bill_run import BillRunCreated, BillRunSettings
from aggregates.event import Event, State
from aggregates.exchange_rates import ExchangeRatesCreated
from aggregates.execution import Counts
from aggregates.identity import StreamId
from aggregates.owner import Numbering, OwnerSetUp
from aggregates.package import PackageCreated, Price, Service
from aggregates.package import evolve as evolve_package
from commands.store import Batch, Metadata, Numbers, Staged
from infra.personal_keys import encrypt, new_key
from infra.store.open import open_store
from schemas.kinds import KINDS
from tests.support.held import closed

CLOCK = datetime(2020, 11, 1, 12, tzinfo=UTC)
OWNER = OwnerSetUp(
    name="Acme",
    currency="USD",
    currencies={"USD": 2, "EUR": 2},
    time_zone="America/Toronto",
    numbering=Numbering(prefix="INV-", start=7854, length=6),
)
INTERNET = PackageCreated(
    code="internet",
    name="Internet 100",
    frequency="monthly",
    services=(Service(code="internet", name="Internet 100", gl_code="4000"),),
    prices=(Price(service="internet", currency="USD", amount=2000),),
)
OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


class Past:
    """Appends events to streams, with their states, as handlers do."""

    def __init__(self, where: Path | str) -> None:
        """In a file, or at a URL."""
        self.url = f"sqlite:///{where}" if isinstance(where, Path) else where
        self.store = open_store(self.url, create=True, sandbox_clock=CLOCK)
        self._known: dict[StreamId, tuple[int, State | None]] = {}

    def happens(self, kind: str, stream: StreamId, *events: Event, **batch: Any) -> None:
        """New events of a stream, in a commit of their own."""
        version, state = self._known.get(stream, (0, None))
        for event in events:
            state = KINDS[kind].evolve(state, event) if kind in KINDS else None
        self._known[stream] = (version + len(events), state)
        staged = Staged(kind, stream, version, events, state)
        metadata = Metadata(command="c-1", requested_by="tester")
        self.store.append(Batch(metadata, self.store.head.position, [staged], **batch))

    def state(self, stream: StreamId) -> Any:
        return self._known[stream][1]

    def close(self) -> None:
        self.store.close()

    # what can happen

    def set_up(self) -> None:
        self.happens("owner", identity.owner(), OWNER, number_starts={"default": 7854})
        rates = ExchangeRatesCreated(
            name="October 2020", effective=OCTOBER[0], rates={"EUR": Decimal("0.85")}
        )
        self.happens("exchange_rates", identity.named("exchange_rates", rates.name), rates)
        group = BillGroupCreated(
            name="Default", settings=BillGroupSettings(bill_day=1, payment_term="net 20")
        )
        self.happens("bill_group", identity.named("bill_group", "Default"), group)
        self.happens("package", identity.named("package", "internet"), INTERNET)
        settings = BillRunSettings(
            actions=("bill_packages", "generate_invoice"),
            bill_groups=("Default",),
            exchange_rates="October 2020",
        )
        run = BillRunCreated(name="Monthly", settings=settings)
        self.happens("bill_run", identity.named("bill_run", "Monthly"), run)

    def opens(self, number: str, name: str, currency: str = "USD", **more: Any) -> StreamId:
        stream, key = identity.account(number), new_key()
        opened = account.AccountOpened(
            number=number,
            name=encrypt(key, stream, name),
            currency=currency,
            bill_group="Default",
            bill_day=1,
            opened_on=date(2020, 9, 1),
            **{"invoicer": number, **more},
        )
        self.happens("account", stream, opened, new_keys={stream: key})
        return stream

    def takes(self, number: str, effective: date = date(2020, 9, 1)) -> StreamId:
        ref = f"{number}/internet"
        stream = identity.account_package(identity.account(number), ref)
        added = lifecycle.add(
            ref=ref,
            account=number,
            currency="USD",
            account_bill_day=1,
            package=evolve_package(None, INTERNET),
            effective=effective,
            today=effective,
        )
        self.happens("account_package", stream, *added)
        return stream

    def billed(self, stream: StreamId, start: date = OCTOBER[0], end: date = OCTOBER[1]) -> None:
        catalogue = evolve_package(None, INTERNET)
        billing = bill_cycles(
            self.state(stream),
            catalogue,
            period_start=start,
            period_end=end,
            catch_up="one",
            rounding="half_up",
        )
        for cycle in billing.cycles:
            self.happens("account_package", stream, closed(cycle))
            assert evolve(self.state(stream), closed(cycle)) == cycle.state

    def runs(self, name: str, chunks: int = 1, **queued: Any) -> StreamId:
        """An execution that has started."""
        stream = identity.execution(name.encode(), "now")
        asked = execution.ExecutionQueued(
            bill_run="Monthly",
            period_start=OCTOBER[0],
            period_end=OCTOBER[1],
            requested_by="tester",
            **queued,
        )
        begun = execution.ExecutionStarted(
            business_date=date(2020, 11, 1),
            time_zone="America/Toronto",
            position=1,
            chunks=chunks,
            exchange_rates="October 2020",
        )
        self.happens("execution", stream, asked)
        self.happens("execution", stream, begun)
        return stream

    def chunk(self, of: StreamId, index: int, counts: Counts, *events: Event) -> None:
        done = chunk.ChunkBilled(
            execution=identity.text(of), index=index, position=1, counts=counts
        )
        self.happens("chunk", identity.chunk(of, index), *events, done)

    def ends(self, of: StreamId, status: str, counts: Counts) -> None:
        ended = execution.ExecutionCompleted(status=status, counts=counts)
        self.happens("execution", of, ended)

    def invoices(self, of: StreamId, number: str, currency: str, *pages: Any) -> StreamId:
        """An invoice with a page of lines each."""
        stream = identity.invoice(identity.text(of), identity.account(number))
        lines = [line for page in pages for line in page]
        before = [
            invoice.InvoiceLinesAdded(first=sum(map(len, pages[:n])) + 1, lines=tuple(page))
            for n, page in enumerate(pages[:-1])
        ]
        total = sum(line.amount for line in lines)
        last = invoice.InvoiceGenerated(
            execution=identity.text(of),
            account=number,
            currency=currency,
            invoice_date=OCTOBER[0],
            due_date=date(2020, 10, 21),
            posting_date=date(2020, 11, 1),
            net=total,
            tax=0,
            total=total,
            lines=tuple(pages[-1]),
            line_count=len(lines),
            first=len(lines) - len(pages[-1]) + 1,
            exchange_rates="October 2020",
        )
        numbers = Numbers("INV-", 6, 7854)
        self.happens("invoice", stream, *before, last, numbers=(numbers,))
        return stream


def line(number: str, amount: int = 2000, **more: Any) -> invoice.InvoiceLine:
    charged = invoice.InvoiceLine(
        account=number,
        account_package=f"{number}/internet",
        package="internet",
        bill_date=OCTOBER[0],
        service="internet",
        name="Internet 100",
        kind="recurring",
        start=date(2020, 9, 1),
        end=OCTOBER[0],
        days=30,
        full_days=30,
        amount=amount,
        unit_price=2000,
        gl_code="4000",
    )
    return msgspec.structs.replace(charged, **more)


CONVERTED = line(
    "C-1",
    1700,
    original_amount=2000,
    original_currency="USD",
    rate_from=Decimal(1),
    rate_to=Decimal("0.85"),
)


def whole(where: Path | str) -> Past:
    """The whole small past."""
    past = Past(where)
    past.set_up()
    past.opens("P-1", "Parent Ltd", "EUR")
    past.opens("C-1", "Child Ltd", parent="P-1", invoicer="P-1")
    past.opens("B-1", "Béatrice O'Neil, a customer with quite a long name")
    child, other = past.takes("C-1"), past.takes("B-1")
    first = past.runs("first", 2)
    past.billed(child)
    past.invoices(first, "P-1", "EUR", [CONVERTED])
    done = Counts(packages_billed=1, cycles_billed=1, invoices_generated=1, totals={"EUR": 1700})
    past.chunk(first, 0, done)
    missing = chunk.Failure(
        invoicer="B-1",
        account="B-1",
        code="price_missing",
        message="package internet has no price in USD on 2020-09-01: add the price to the package",
    )
    behind = chunk.LeftBehind(
        account_package="B-1/internet",
        account="B-1",
        next_bill_date=OCTOBER[0],
        reason="failed",
    )
    id = identity.text(first)
    past.chunk(
        first,
        1,
        Counts(failed=1, left_behind=1),
        chunk.FailuresRecorded(execution=id, first=1, failures=(missing,)),
        chunk.PackagesLeftBehind(execution=id, first=1, packages=(behind,)),
    )
    both = msgspec.structs.replace(done, failed=1, left_behind=1)
    past.ends(first, "completed_with_failures", both)
    retry = past.runs("retry", 1, retry_of=id, attempt=1)
    past.happens("execution", retry, execution.ScopeCut(first=0, bounds=("", ""), retries=(1,)))
    past.billed(other)
    past.invoices(retry, "B-1", "USD", [line("B-1")], [line("B-1", -500, kind="credit")])
    again = Counts(packages_billed=1, cycles_billed=1, invoices_generated=1, totals={"USD": 1500})
    past.chunk(retry, 0, again)
    past.ends(retry, "completed", again)
    past.happens("schedule", identity.schedule(b"monthly"), scheduled())
    return past


def scheduled() -> schedule.BillRunScheduled:
    return schedule.BillRunScheduled(
        bill_run="Monthly",
        timing=schedule.Timing(kind="every", rule="FREQ=MONTHLY;BYMONTHDAY=1"),
        period_start=date(2020, 11, 1),
        next_due=datetime(2020, 12, 1, 0, 0),  # noqa: DTZ001
        next_at=datetime(2020, 12, 1, 5, 0, tzinfo=UTC),
    )
