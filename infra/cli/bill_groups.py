"""`billstream bill-group list|show`."""

import click

from infra.cli.looking import looking
from infra.cli.options import example, reading
from infra.cli.output import Column, print_card, print_json, print_list


@click.command("list", epilog=example("billstream bill-group list"))
@reading
def list_bill_groups(database: str | None, as_json: bool) -> None:
    """List the bill groups, by name."""
    from projections import setup

    with looking(database) as look:
        states = look.states("bill_group")
        found = [setup.bill_group(state, look.showing, look.currency) for state in states]
        columns = (
            (Column("Name"), "name"),
            (Column("Bill day", right=True), "bill_day"),
            (Column("Payment term"), "payment_term"),
            (Column("Invoice date"), "invoice_date"),
            (Column("Due date"), "due_date"),
            (Column("Threshold", right=True), "render_threshold"),
        )
        print_list(found, as_json, columns, "There are no bill groups.")


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
