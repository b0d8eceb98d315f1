"""`billstream bill-group list|show`."""

import click

from infra.cli.looking import looking
from infra.cli.options import example, reading
from infra.cli.output import Column, print_card, print_json, print_json_list, print_table


@click.command("list", epilog=example("billstream bill-group list"))
@reading
def list_bill_groups(database: str | None, as_json: bool) -> None:
    """List the bill groups, by name."""
    from projections import setup

    with looking(database) as look:
        states = look.states("bill_group")
        found = [setup.bill_group(state, look.showing, look.currency) for state in states]
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Name"),
            Column("Bill day", right=True),
            Column("Payment term"),
            Column("Invoice date"),
            Column("Due date"),
            Column("Threshold", right=True),
        )
        rows = [
            (
                one["name"],
                one["bill_day"],
                one["payment_term"],
                one["invoice_date"],
                one["due_date"],
                one["render_threshold"],
            )
            for one in found
        ]
        print_table(columns, rows, "There are no bill groups.")


@click.command(epilog=example('billstream bill-group show "Default Bill Group"'))
@click.argument("name")
@reading
def show(name: str, database: str | None, as_json: bool) -> None:
    """Show the bill group NAME."""
    from projections import setup

    with looking(database) as look:
        state = look.state("bill_group", name, "bill-group")
        found = setup.bill_group(state, look.showing, look.currency)
        if as_json:
            print_json(found)
            return
        found["exclude"] = ", ".join(found["exclude"])
        print_card((key.replace("_", " "), value) for key, value in found.items())
