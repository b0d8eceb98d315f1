"""A run with auto pay, AR terms and contracts on every account, beside the plain run of as many."""

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from commands.gateway import Answer, Charge, RefundOrder
from consumers.collecting import Collector
from consumers.worker import run_execution
from infra import personal_keys
from infra.composition import open_app
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Measured, Row, at_least
from tests.support import seed
from tests.support.world import World, account, base, package

ACCOUNTS = 5_000
SEPTEMBER = (date(2020, 9, 1), date(2020, 9, 30))
OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


class Month(NamedTuple):
    """What the measured month finds: September's payments made, or none of them; and how often a
    commitment is settled.
    """

    name: str
    paid: bool
    commitment: dict[str, str]


ORDINARY = Month("a year's commitment, cards charged", True, {"amount": "120.00", "per": "annual"})
WORST = Month("commitments settled monthly, nobody paid", False, {"amount": "10.00"})


class Speeds(NamedTuple):
    """Accounts a second; each is the second month of its accounts, so that there is a month before
    it to look at.
    """

    plain: float
    owed: float

    @property
    def ratio(self) -> float:
        return self.owed / self.plain


def measure_owed(
    month: Month,
    accounts: int = ACCOUNTS,
    times: int = 5,
    schema: Callable[[], str] | None = None,
) -> Speeds:
    """Both runs, in turn and several times, each in a database of its own: a SQLite file, or what
    `schema` answers. Those in the middle of the ratios.
    """
    plain, owed = _setup(accounts, None), _setup(accounts, month)
    found: list[Speeds] = []
    for _ in range(times):
        urls = [schema() if schema else None for _ in range(2)]
        found.append(Speeds(_run(plain, urls[0], None), _run(owed, urls[1], month)))
    return sorted(found, key=lambda speeds: speeds.ratio)[times // 2]


def money_owed(bench: Bench) -> Measured:
    """The rows of the report: on the server, as all others of runs, and on one file. The bar is
    that of an ordinary month; the worst that can come together is shown beside it.
    """
    rows: list[Row] = []
    for where, schema in (("PostgreSQL", bench.new_schema), ("SQLite", None)):
        for month in (ORDINARY, WORST):
            bench.tell(f"{ACCOUNTS:,} accounts with auto pay, AR terms and contracts, and without")
            found = measure_owed(month, schema=schema)
            note = (
                f"{month.name}: {found.owed:,.0f} against {found.plain:,.0f} accounts/s, "
                "without views"
            )
            what = f"auto pay, AR terms and contracts on every account, {where}, of the plain run"
            if month is ORDINARY:
                rows.append(at_least(what, found.ratio, 0.6, ".2f", note))
            else:
                rows.append(Row(f"{what}, at worst", f"{found.ratio:.2f}", note=note))
    return Measured(tuple(rows))


class _Accepting:
    """A gateway at which every card is good, within the process: it is not what is measured."""

    def prepare(self, charge: Charge) -> Answer:
        return Answer("ready", f"pi_{charge.payment}")

    def confirm(self, reference: str, payment: str) -> Answer:
        return Answer("succeeded", reference)

    def look(self, reference: str) -> Answer:
        return Answer("succeeded", reference)

    def payment_of(self, reference: str) -> str | None:
        return reference.removeprefix("pi_")

    def refund(self, order: RefundOrder) -> Answer:
        raise NotImplementedError

    def refund_of(self, order: RefundOrder) -> Answer | None:
        raise NotImplementedError

    def close(self) -> None:
        pass


def _run(setup: dict[str, Any], url: str | None, month: Month | None) -> float:
    with tempfile.TemporaryDirectory(prefix="billstream-") as folder:
        world = World(Path(folder), url=url)
        path = Path(folder) / "setup.json"
        path.write_text(json.dumps(setup))
        world.must("apply", str(path))
        with open_app(world.url) as app:
            run_execution(app.store, seed.queue(app.store, *SEPTEMBER, "september"))
            if month is not None and month.paid:
                collector = Collector(app.store, _Accepting(), personal_keys)
                while collector.look():
                    pass
            execution = seed.queue(app.store, *OCTOBER, "october")
            began = perf_counter()
            counts = run_execution(app.store, execution).counts
            seconds = perf_counter() - began
    assert counts.failed == 0
    assert counts.invoices_generated == len(setup["accounts"])
    return len(setup["accounts"]) / seconds


def _setup(accounts: int, month: Month | None) -> dict[str, Any]:
    """One package an account, billed on the first. In a month with something owed each also has a
    card with auto pay, an AR term that looks at every open invoice and finds none late enough, and
    a contract.
    """
    numbers = [f"A-{number}" for number in range(accounts)]
    card = {"id": "visa", "kind": "card", "token": "pm_visa", "auto_pay": True}
    more: dict[str, Any] = {"ar_term": "Standard", "payment_methods": [card]} if month else {}
    setup = base(
        accounts=[
            account(number, package(f"{number}/net", "2020-08-01"), **more) for number in numbers
        ]
    )
    if month is not None:
        reminder = {"event": "after", "days": 60, "action": "notify", "notice": "late"}
        setup["ar_terms"] = [{"name": "Standard", "payment_term": "net 3", "levels": [reminder]}]
        setup["contracts"] = [
            {
                "id": f"{number}/contract",
                "account": number,
                "start": "2020-08-01",
                "term": "annual",
                "commitment": month.commitment,
            }
            for number in numbers
        ]
        actions = ["dunning", "bill_packages", "contract_terms", "generate_invoice"]
        setup["bill_runs"][0]["actions"] = [*actions, "collect_payment"]
    return setup
