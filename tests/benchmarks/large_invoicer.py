"""One invoicer that holds thirty thousand packages: a preview and a run, and the largest event."""

from collections.abc import Iterable
from contextlib import closing
from datetime import date

from aggregates import identity
from aggregates.account import AccountOpened
from aggregates.account_package.lifecycle import add
from aggregates.event import Event
from aggregates.identity import StreamId
from aggregates.package import evolve as evolve_package
from commands.store import Store
from infra.composition import open_app
from infra.postgres.address import parse
from infra.postgres.session import connect
from tests.benchmarks.bench import Bench
from tests.benchmarks.one_run import run_once
from tests.benchmarks.rows import Measured, at_most
from tests.support import seed

PACKAGES = 30_000
EFFECTIVE = date(2020, 9, 1)


def large_invoicer(bench: Bench) -> Measured:
    """Seconds of preview and run together; KiB of the largest event."""
    url = bench.new_schema()
    bench.tell(f"one invoicer with {PACKAGES:,} packages")
    with open_app(url, create=True) as app:
        seed.set_up(app.store)
        _add_packages(app.store)
    bench.analyze(url)
    ran = run_once(url)
    with closing(connect(parse(url))) as session:
        query = "SELECT max(octet_length(payload)) FROM events"
        ((largest,),) = session.execute(query).fetchall()
    note = f"preview {ran.preview_seconds:.1f}, run {ran.seconds:.1f}; {ran.peak_mib:.0f} MiB"
    both = ran.preview_seconds + ran.seconds
    return Measured(
        (
            at_most(f"one invoicer with {PACKAGES:,} packages, seconds", both, 5, ".1f", note),
            at_most("its largest event, KiB", largest / 1024, 256),
        )
    )


def _add_packages(store: Store) -> None:
    package, account = evolve_package(None, seed.INTERNET), identity.account("A-large")
    opened = AccountOpened(
        number="A-large",
        name="",
        currency="USD",
        bill_group="G",
        bill_day=1,
        invoicer="A-large",
        opened_on=EFFECTIVE,
    )
    seed.write(store, ("account", account, [opened]))
    for start in range(0, PACKAGES, 1000):
        streams: list[tuple[str, StreamId, Iterable[Event]]] = []
        for number in range(start, start + 1000):
            ref = f"A-large/{number}"
            events = add(
                ref=ref,
                account="A-large",
                currency="USD",
                account_bill_day=1,
                package=package,
                effective=EFFECTIVE,
                today=EFFECTIVE,
            )
            stream = identity.account_package(account, ref)
            streams.append(("account_package", stream, events))
        seed.write(store, *streams)
