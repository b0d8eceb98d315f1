"""History written straight through the store port, for tests below the command line."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from aggregates import identity
from aggregates.account import AccountOpened
from aggregates.account_package.lifecycle import add
from aggregates.bill_group import BillGroupCreated, BillGroupSettings
from aggregates.bill_run import BillRunCreated, BillRunSettings
from aggregates.event import Event
from aggregates.exchange_rates import ExchangeRatesCreated
from aggregates.execution import ExecutionQueued
from aggregates.identity import StreamId
from aggregates.owner import Numbering, OwnerSetUp
from aggregates.package import PackageCreated, Price, Service
from aggregates.package import evolve as evolve_package
from commands.store import Batch, Metadata, Staged, Store
from schemas.kinds import KINDS

INTERNET = PackageCreated(
    code="internet",
    name="Internet 100",
    frequency="monthly",
    services=(Service(code="internet", name="Internet 100", gl_code="4000"),),
    prices=(
        Price(service="internet", currency="USD", amount=2000),
        Price(service="internet", currency="EUR", amount=1800),
    ),
)


def write(store: Store, *streams: tuple[str, StreamId, Iterable[Event]]) -> None:
    """Appends new streams in one batch, with their states."""
    batch = Batch(Metadata(requested_by="seed"), 0)
    for kind, stream, events in streams:
        state, listed = None, list(events)
        for event in listed:
            state = KINDS[kind].evolve(state, event)
        batch.changes.append(Staged(kind, stream, 0, listed, state))
    with store.snapshot() as reading:
        batch.read_at = reading.head.position
    if not store.exists(identity.owner()):
        batch.number_starts = {"default": 1}
    store.append(batch)


def set_up(store: Store, package: PackageCreated = INTERNET) -> None:
    """Owner, rates, group, package and bill run."""
    owner = OwnerSetUp(
        name="Acme",
        currency="USD",
        currencies={"USD": 2, "EUR": 2},
        time_zone="America/Toronto",
        numbering=Numbering(prefix="INV-", start=1, length=6),
    )
    rates = ExchangeRatesCreated(
        name="October", effective=date(2020, 10, 1), rates={"EUR": Decimal("0.85")}
    )
    group = BillGroupCreated(name="G", settings=BillGroupSettings(bill_day=1))
    run = BillRunCreated(
        name="Default",
        settings=BillRunSettings(
            actions=("bill_packages", "generate_invoice"),
            bill_groups=("G",),
            exchange_rates="October",
        ),
    )
    write(
        store,
        ("owner", identity.owner(), [owner]),
        ("exchange_rates", identity.named("exchange_rates", "October"), [rates]),
        ("bill_group", identity.named("bill_group", "G"), [group]),
        ("package", identity.named("package", package.code), [package]),
        ("bill_run", identity.named("bill_run", "Default"), [run]),
    )


def add_accounts(
    store: Store, count: int, effective: date = date(2020, 9, 1), first: int = 0
) -> None:
    """Accounts A-0…, each with one internet package, in batches."""
    package = evolve_package(None, INTERNET)
    for start in range(first, first + count, 1000):
        streams: list[tuple[str, StreamId, Iterable[Event]]] = []
        for number in range(start, min(start + 1000, first + count)):
            name = f"A-{number}"
            account = identity.account(name)
            opened = AccountOpened(
                number=name,
                name="",
                currency="USD",
                bill_group="G",
                bill_day=1,
                invoicer=name,
                opened_on=effective,
            )
            events = add(
                ref=f"{name}/internet",
                account=name,
                currency="USD",
                account_bill_day=1,
                package=package,
                effective=effective,
                today=effective,
            )
            streams.append(("account", account, [opened]))
            stream = identity.account_package(account, f"{name}/internet")
            streams.append(("account_package", stream, events))
        write(store, *streams)


def queue(
    store: Store, start: date, end: date, name: str = "now", catch_up: str = "one"
) -> StreamId:
    """A queued execution over the bill run."""
    execution = identity.execution(identity.schedule(name.encode()), name)
    queued = ExecutionQueued(
        bill_run="Default", period_start=start, period_end=end, catch_up=catch_up
    )
    write(store, ("execution", execution, [queued]))
    return execution
