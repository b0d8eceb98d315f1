"""`billstream package list|show`."""

import click

from infra.cli.looking import looking
from infra.cli.options import example, reading
from infra.cli.output import Column, Shown, print_card, print_json, print_list, print_table, say


@click.command("list", epilog=example("billstream package list"))
@reading
def list_packages(database: str | None, as_json: bool) -> None:
    """List the packages of the catalogue with today's prices, by code."""
    from projections import setup

    with looking(database) as look:
        found = [setup.package(state, look.showing) for state in look.states("package")]
        columns: Shown = (
            (Column("Code"), "code"),
            (Column("Name"), "name"),
            (Column("Frequency"), "frequency"),
            (Column("Billing"), "billing"),
            (Column("Prorate"), "prorate"),
            (Column("Price today", wrap=True), lambda one: _prices(one["prices"])),
        )
        print_list(found, as_json, columns, "There are no packages.")


@click.command(epilog=example("billstream package show internet"))
@click.argument("code")
@reading
def show(code: str, database: str | None, as_json: bool) -> None:
    """Show the package CODE with today's prices."""
    from projections import setup

    with looking(database) as look:
        found = setup.package(look.state("package", code, "package"), look.showing)
        if as_json:
            print_json(found)
            return
        services = found.pop("services")
        found["prices"] = _prices(found["prices"])
        print_card((key.replace("_", " "), value) for key, value in found.items())
        say("")
        columns = (Column("Service"), Column("Name"), Column("GL code"), Column("Price today"))
        rows = [(s["code"], s["name"], s["gl_code"], _prices(s["prices"])) for s in services]
        print_table(columns, rows, "No services.")


def _prices(prices: dict[str, str]) -> str:
    return ", ".join(f"{price} {currency}" for currency, price in prices.items())
