"""The naive way: aggregates of the eventsourcing library as documented, one save for each account.

It does less than a bill run (no numbers, no hash chain, no state rows, no prices): what is left is
the shape, and it shows what the shape costs.
"""

from datetime import date
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Measured, Row

ACCOUNTS = 1_000


class Package(Aggregate):
    """A package held by an account."""

    @event("Added")
    def __init__(self, number: str, price: int) -> None:
        self.number = number
        self.price = price
        self.billed_to = ""

    @staticmethod
    def create_id(number: str, price: int) -> UUID:
        return uuid5(NAMESPACE_URL, f"/packages/{number}")

    @event("Billed")
    def bill(self, bill_date: str, amount: int) -> None:
        self.billed_to = bill_date


class Invoice(Aggregate):
    """An invoice with one line."""

    @event("Generated")
    def __init__(self, account: str, dated: str, lines: list[dict[str, Any]], total: int) -> None:
        self.account = account
        self.dated = dated
        self.lines = lines
        self.total = total


class Billing(Application[UUID]):
    """The documented shape: load an aggregate, decide, save it."""

    def add(self, number: str) -> None:
        self.save(Package(number, 2000))

    def bill(self, number: str, bill_date: str) -> None:
        package: Package = self.repository.get(Package.create_id(number, 0))
        package.bill(bill_date, package.price)
        line = {"package": "internet", "start": bill_date, "amount": package.price}
        self.save(package, Invoice(number, bill_date, [line], package.price))


def naive(bench: Bench) -> Measured:
    """Accounts a second of the library's documented way, on the same server."""
    schema = bench.new_schema().rpartition("schema=")[2]
    bench.make(schema)
    billing = Billing(env=_environment(bench.server, schema))
    numbers = [f"A-{number}" for number in range(ACCOUNTS)]
    for number in numbers:
        billing.add(number)
    began = perf_counter()
    for number in numbers:
        billing.bill(number, date(2020, 10, 1).isoformat())
    speed = ACCOUNTS / (perf_counter() - began)
    billing.close()
    note = "eventsourcing as documented: get and save for each account, two events"
    return Measured((Row("the naive way, accounts/s", f"{speed:,.0f}", note=note),))


def _environment(server: str, schema: str) -> dict[str, str]:
    parts = urlsplit(server)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "127.0.0.1",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
        "POSTGRES_SCHEMA": schema,
    }
