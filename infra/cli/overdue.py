"""`billstream invoice overdue`: whom to remind, and what dunning has done so far (R24)."""

from collections.abc import Iterator
from typing import Any

import click

from aggregates.identity import StreamId
from aggregates.invoice_state import InvoiceState
from infra.cli.looking import Look, check_invoicer, looking
from infra.cli.options import example, reading
from infra.cli.output import Column, Shown, print_list


@click.command(
    epilog=example("billstream invoice overdue", "billstream invoice overdue --account P-1 --json")
)
@click.option("--account", metavar="NUMBER", default=None, help="Only those of this invoicer.")
@click.option("--all", "everything", is_flag=True, help="Also what is open and not due yet.")
@reading
def overdue(account: str | None, everything: bool, database: str | None, as_json: bool) -> None:
    """List the invoices that are overdue, with the dunning levels each has reached. One that money
    or credits of the account cover, although they pay nothing yet, is not overdue.
    """
    from projections import dunning

    with looking(database) as look:
        check_invoicer(look, account, as_json)
        found = dunning.overdue(
            look.views, _open(look, account), look.showing, everything=everything
        )
        columns: Shown = (
            (Column("Number", keep=True), "number"),
            (Column("Account", keep=True), "account"),
            (Column("Due", keep=True), "due_date"),
            (Column("Days", right=True), "days_overdue"),
            (Column("Balance", right=True, spare=True), "balance"),
            (Column("Overdue", right=True), lambda one: f"{one['overdue']} {one['currency']}"),
            (Column("Last level", keep=True), _last_level),
        )
        print_list(found, as_json, columns, "No invoice is overdue.")


def _last_level(found: dict[str, Any]) -> str | None:
    return found["levels"][-1]["level"] if found["levels"] else None


def _open(look: Look, account: str | None) -> Iterator[tuple[StreamId, InvoiceState, int]]:
    """Open invoices with what no money of the account covers, a few accounts at a time."""
    from aggregates import identity
    from commands.dunning_status import owed_by
    from infra.store.rows import pieces

    with look.app.store.snapshot() as reading:
        if account is not None:
            pages = iter([reading.items_of("invoice", [identity.account(account)])])
        else:
            pages = (reading.items_in("invoice", low, high) for low, high in pieces())
        for page in pages:
            yield from ((row.stream, row.state, left) for row, left in owed_by(reading, page))
