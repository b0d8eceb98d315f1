"""`billstream exchange-rates list|show`."""

import click

from infra.cli.looking import looking
from infra.cli.options import example, reading
from infra.cli.output import Column, Shown, print_card, print_json, print_list


@click.command("list", epilog=example("billstream exchange-rates list"))
@reading
def list_exchange_rates(database: str | None, as_json: bool) -> None:
    """List the sets of exchange rates, by name."""
    from projections import setup

    with looking(database) as look:
        found = [setup.exchange_rates(state) for state in look.states("exchange_rates")]
        columns: Shown = (
            (Column("Name"), "name"),
            (Column("Effective", keep=True), "effective"),
            (Column("Rates", wrap=True), lambda one: _rates(one["rates"])),
        )
        print_list(found, as_json, columns, "There are no exchange rates.")


@click.command(epilog=example('billstream exchange-rates show "October 2020"'))
@click.argument("name")
@reading
def show(name: str, database: str | None, as_json: bool) -> None:
    """Show the set of exchange rates NAME. Those used by an execution cannot change any more."""
    from projections import setup

    with looking(database) as look:
        found = setup.exchange_rates(look.state("exchange_rates", name, "exchange-rates"))
        if as_json:
            print_json(found)
            return
        print_card(
            (
                ("name", found["name"]),
                ("effective", found["effective"]),
                ("rates", _rates(found["rates"])),
                ("used", ", ".join(found["used"])),
            )
        )


def _rates(rates: dict[str, str]) -> str:
    return ", ".join(f"{currency} {rate}" for currency, rate in rates.items())
