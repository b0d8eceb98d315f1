"""`billstream invoice overdue`: whom to remind, and what dunning has done so far (R24)."""

from collections.abc import Iterator

import click

from aggregates.identity import StreamId
from aggregates.invoice_state import InvoiceState
from infra.cli.looking import Look, check_account, looking
from infra.cli.options import example, reading
from infra.cli.output import Column, print_json_list, print_table


@click.command(
    epilog=example("billstream invoice overdue", "billstream invoice overdue --account P-1 --json")
)
@click.option("--account", metavar="NUMBER", default=None, help="Only those of this invoicer.")
@click.option("--all", "everything", is_flag=True, help="Also what is open and not due yet.")
@reading
def overdue(account: str | None, everything: bool, database: str | None, as_json: bool) -> None:
    """List the invoices that are overdue, with the dunning levels each has reached."""
    from projections import dunning

    with looking(database) as look:
        check_account(look, account)
        found = dunning.overdue(
            look.views, _open(look, account), look.showing, everything=everything
        )
        if as_json:
            print_json_list(found)
            return
        columns = (
            Column("Number", keep=True),
            Column("Account"),
            Column("Due", keep=True),
            Column("Days", right=True),
            Column("Balance", right=True),
            Column("", keep=True),
            Column("Last level"),
        )
        rows = (
            (
                one["number"],
                one["account"],
                one["due_date"],
                one["days_overdue"],
                one["balance"],
                one["currency"],
                one["levels"][-1]["level"] if one["levels"] else None,
            )
            for one in found
        )
        print_table(columns, rows, "No invoice is overdue.")


def _open(look: Look, account: str | None) -> Iterator[tuple[StreamId, InvoiceState]]:
    """Open invoices, a few accounts at a time."""
    from aggregates import identity
    from infra.store.rows import pieces

    with look.app.store.snapshot() as reading:
        if account is not None:
            pages = iter([reading.items_of("invoice", [identity.account(account)])])
        else:
            pages = (reading.items_in("invoice", low, high) for low, high in pieces())
        for page in pages:
            for rows in page.values():
                yield from ((row.stream, row.state) for row in rows)
