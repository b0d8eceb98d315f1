"""A run with auto pay, AR terms and contracts on every account, beside the plain run of as many."""

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from consumers.worker import run_execution
from infra.composition import open_app
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Measured, Row, at_least
from tests.support import seed
from tests.support.world import World, account, base, package

ACCOUNTS = 5_000
SEPTEMBER = (date(2020, 9, 1), date(2020, 9, 30))
OCTOBER = (date(2020, 10, 1), date(2020, 10, 31))


class Speeds(NamedTuple):
    """Accounts a second; each is the second month of its accounts, so that there are invoices of
    the first to look at.
    """

    plain: float
    owed: float

    @property
    def ratio(self) -> float:
        return self.owed / self.plain


def measure_owed(
    accounts: int = ACCOUNTS, times: int = 3, schema: Callable[[], str] | None = None
) -> Speeds:
    """Both runs, in turn and several times, each in a database of its own: a SQLite file, or what
    `schema` answers. Those in the middle of the ratios.
    """
    plain, owed = _setup(accounts, owed=False), _setup(accounts, owed=True)
    found: list[Speeds] = []
    for _ in range(times):
        urls = [schema() if schema else None for _ in range(2)]
        found.append(Speeds(_run(plain, urls[0]), _run(owed, urls[1])))
    return sorted(found, key=lambda speeds: speeds.ratio)[times // 2]


def money_owed(bench: Bench) -> Measured:
    """The rows of the report: on the server, as all others of runs, and on one file."""
    rows: list[Row] = []
    for where, schema in (("PostgreSQL", bench.new_schema), ("SQLite", None)):
        bench.tell(f"{ACCOUNTS:,} accounts with auto pay, AR terms and contracts, and without")
        found = measure_owed(schema=schema)
        note = f"{found.owed:,.0f} against {found.plain:,.0f} accounts/s, without views"
        what = f"auto pay, AR terms and contracts on every account, {where}, of the plain run"
        rows.append(at_least(what, found.ratio, 0.6, ".2f", note))
    return Measured(tuple(rows))


def _run(setup: dict[str, Any], url: str | None) -> float:
    with tempfile.TemporaryDirectory(prefix="billstream-") as folder:
        world = World(Path(folder), url=url)
        path = Path(folder) / "setup.json"
        path.write_text(json.dumps(setup))
        world.must("apply", str(path))
        with open_app(world.url) as app:
            run_execution(app.store, seed.queue(app.store, *SEPTEMBER, "september"))
            execution = seed.queue(app.store, *OCTOBER, "october")
            began = perf_counter()
            counts = run_execution(app.store, execution).counts
            seconds = perf_counter() - began
    assert counts.failed == 0
    assert counts.invoices_generated == len(setup["accounts"])
    return len(setup["accounts"]) / seconds


def _setup(accounts: int, *, owed: bool) -> dict[str, Any]:
    """One package an account, billed on the first. With `owed` each also has a card with auto pay,
    an AR term that looks at every open invoice and finds none late enough, and a contract.
    """
    numbers = [f"A-{number}" for number in range(accounts)]
    card = {"id": "visa", "kind": "card", "token": "pm_visa", "auto_pay": True}
    more: dict[str, Any] = {"ar_term": "Standard", "payment_methods": [card]} if owed else {}
    setup = base(
        accounts=[
            account(number, package(f"{number}/net", "2020-08-01"), **more) for number in numbers
        ]
    )
    if owed:
        reminder = {"event": "after", "days": 60, "action": "notify", "notice": "late"}
        setup["ar_terms"] = [{"name": "Standard", "payment_term": "net 3", "levels": [reminder]}]
        setup["contracts"] = [
            {
                "id": f"{number}/contract",
                "account": number,
                "start": "2020-08-01",
                "term": "annual",
                "commitment": {"amount": "10.00", "per": "monthly"},
            }
            for number in numbers
        ]
        actions = ["dunning", "bill_packages", "contract_terms", "generate_invoice"]
        setup["bill_runs"][0]["actions"] = [*actions, "collect_payment"]
    return setup
