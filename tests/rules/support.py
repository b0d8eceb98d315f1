"""What the tests of the rules share: short words for setups, lines and runs."""

from typing import Any

import yaml

from tests.support.world import Answer, World, account, package

GROUP = "Default Bill Group"

SEPTEMBER = ("2020-09-01", "2020-09-30")
OCTOBER = ("2020-10-01", "2020-10-31")
NOVEMBER = ("2020-11-01", "2020-11-30")
DECEMBER = ("2020-12-01", "2020-12-31")

CHARGE_ONLY = ["bill_packages"]
INVOICE_ONLY = ["generate_invoice"]


BY_RENDER_DATE = {"invoice_date": "render_date", "due_date": "render_date"}
"""Settings of a bill group: the day that an invoice is made is its date (R17)."""


def group(name: str = GROUP, **more: Any) -> dict[str, Any]:
    """A bill group with bill day 1."""
    return {"name": name, "bill_day": 1, **more}


def bill_run(name: str = "Default", **more: Any) -> dict[str, Any]:
    """A bill run over the default group that bills packages and makes invoices."""
    found: dict[str, Any] = {
        "name": name,
        "actions": ["bill_packages", "generate_invoice"],
        "bill_groups": [GROUP],
        "exchange_rates": "October 2020",
    }
    found.update(more)
    return found


def three_runs(**more: Any) -> list[dict[str, Any]]:
    """`Default` does both, `Charge` only bills packages, `Invoice` only makes invoices."""
    return [
        bill_run(**more),
        bill_run("Charge", actions=CHARGE_ONLY, **more),
        bill_run("Invoice", actions=INVOICE_ONLY, **more),
    ]


def rates(name: str, effective: str, **currencies: str) -> dict[str, Any]:
    """A named set of exchange rates."""
    return {"name": name, "effective": effective, "rates": currencies}


def sold(code: str, usd: str, **more: Any) -> dict[str, Any]:
    """A monthly package in arrears with a price in USD."""
    found: dict[str, Any] = {"code": code, "name": code.title(), "frequency": "monthly"}
    if "services" not in more:
        found["prices"] = {"USD": usd}
    found.update(more)
    return found


def owner(**more: Any) -> dict[str, Any]:
    """The owner of the base setup, with changes."""
    found: dict[str, Any] = {
        "name": "Acme Telecom",
        "currency": "USD",
        "currencies": ["USD", "EUR"],
        "time_zone": "America/Toronto",
        "invoice_numbers": {"prefix": "INV-", "start": 7854, "length": 6},
    }
    found.update(more)
    return found


def family(effective: str = "2020-09-01") -> list[dict[str, Any]]:
    """A parent in EUR without packages that receives the invoice of its child in USD."""
    return [
        account("P-1", currency="EUR"),
        account("C-1", package("c", effective), parent="P-1", invoicer="parent"),
    ]


def bill_account(
    world: World, number: str, start: str, end: str, *more: str, run: str = "Default"
) -> Answer:
    """Runs a bill run for a single account now."""
    period = ("--now", "--period-start", start, "--period-end", end)
    return world.ask("account", "bill", number, "--bill-run", run, *period, *more)


def line(found: Any) -> tuple[str, str, str, str, int, str]:
    """A line as (account-package, kind, start, end, days, amount)."""
    period = found["service_period"]
    kind, days = found["kind"], found["days"]
    return (
        found["account_package"],
        kind,
        period["start"],
        period["end"],
        days,
        found["amount"],
    )


def lines(world: World) -> list[tuple[str, str, str, str, int, str]]:
    """The lines of all invoices, in the order of their numbers."""
    return [line(found) for invoice in world.invoices() for found in invoice["lines"]]


def show(world: World, execution: str) -> Any:
    """An execution with its counts."""
    return world.read("execution", "show", execution)


def left(world: World, execution: str) -> dict[str, str]:
    """The account-packages an execution left behind, with the reason."""
    found = world.read("execution", "left-behind", execution)
    return {row["account_package"]: row["reason"] for row in found}


def failed(world: World, execution: str) -> list[tuple[str, str]]:
    """The failures of an execution as (invoicer, code)."""
    found = world.read("execution", "failures", execution)
    return [(row["invoicer"], row["code"]) for row in found]


def refused_setup(world: World, setup: dict[str, Any]) -> str:
    """The code with which a setup is refused, as a whole: nothing of it is recorded."""
    before = events(world)
    path = world.folder / "refused.yaml"
    path.write_text(yaml.safe_dump(setup, sort_keys=False))
    code = world.refused("apply", str(path))
    assert events(world) == before
    return code


def events(world: World) -> int:
    """How many events there are: a refused command adds none."""
    return len(world.must("history", "export").out.splitlines())
