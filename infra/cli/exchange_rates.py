"""`billstream exchange-rates list|show`."""

import click

from infra.cli.looking import looking
from infra.cli.options import example, reading
from infra.cli.output import Column, print_card, print_json, print_json_list, print_table


@click.command("list", epilog=example("billstream exchange-rates list"))
@reading
def list_exchange_rates(database: str | None, as_json: bool) -> None:
    """List the sets of exchange rates, by name."""
    from projections import setup

    with looking(database) as look:
        found = [setup.exchange_rates(state) for state in look.states("exchange_rates")]
        if as_json:
            print_json_list(found)
            return
        columns = (Column("Name"), Column("Effective", keep=True), Column("Rates", wrap=True))
        rows = [(one["name"], one["effective"], _rates(one["rates"])) for one in found]
        print_table(columns, rows, "There are no exchange rates.")


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
