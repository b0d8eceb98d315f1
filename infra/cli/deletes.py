"""Verbs that delete a piece of setup: refused while anything uses it (R1)."""

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import example


@click.command(epilog=example('billstream bill-group delete "Default Bill Group"'))
@click.argument("name")
@changing
def bill_group(name: str, asking: Asking) -> None:
    """Delete the bill group NAME, if no account is in it and no bill run names it."""

    from commands.deletions import DeleteBillGroup, delete_bill_group

    ask(
        asking,
        delete_bill_group,
        lambda by: DeleteBillGroup(name=name, requested_by=by),
        f"Deleted bill group {name}.",
    )


@click.command(epilog=example('billstream exchange-rates delete "October 2020"'))
@click.argument("name")
@changing
def exchange_rates(name: str, asking: Asking) -> None:
    """Delete the exchange rates NAME, if nothing has used them and no bill run names them."""

    from commands.deletions import DeleteExchangeRates, delete_exchange_rates

    ask(
        asking,
        delete_exchange_rates,
        lambda by: DeleteExchangeRates(name=name, requested_by=by),
        f"Deleted exchange rates {name}.",
    )


@click.command(epilog=example("billstream package delete internet"))
@click.argument("code")
@changing
def package(code: str, asking: Asking) -> None:
    """Delete the package CODE, if no account holds it."""

    from commands.deletions import DeletePackage, delete_package

    ask(
        asking,
        delete_package,
        lambda by: DeletePackage(code=code, requested_by=by),
        f"Deleted package {code}.",
    )


@click.command(epilog=example("billstream bill-run delete Default"))
@click.argument("name")
@changing
def bill_run(name: str, asking: Asking) -> None:
    """Delete the bill run NAME, if nothing is scheduled for it."""

    from commands.deletions import DeleteBillRun, delete_bill_run

    ask(
        asking,
        delete_bill_run,
        lambda by: DeleteBillRun(name=name, requested_by=by),
        f"Deleted bill run {name}.",
    )
