"""`billstream ledger …`: the books."""

from datetime import date

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import DATE, example


@click.command(epilog=example("billstream ledger close --through 2020-10-31"))
@click.option("--through", type=DATE, required=True, help="The last day that is closed.")
@changing
def close(through: date, asking: Asking) -> None:
    """Close the books: nothing posts on or before a day any more. What is closed stays so."""

    from commands.ledger import CloseLedger, close_ledger

    ask(
        asking,
        close_ledger,
        lambda by: CloseLedger(through=through, requested_by=by),
        f"Closed the books through {through}.",
    )
