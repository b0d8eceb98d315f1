"""Verbs that delete a piece of setup: refused while anything uses it (R1)."""

from typing import TYPE_CHECKING

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import example

if TYPE_CHECKING:
    from commands.workspace import Workspace


@click.command(epilog=example('billstream bill-group delete "Default Bill Group"'))
@click.argument("name")
@changing
def bill_group(name: str, asking: Asking) -> None:
    """Delete the bill group NAME, if no account is in it and no bill run names it."""

    def delete(workspace: "Workspace") -> None:
        from commands.setup.bill_group import delete_bill_group

        delete_bill_group(workspace, name)

    ask(asking, "delete_bill_group", {"name": name}, delete, f"Deleted bill group {name}.")


@click.command(epilog=example('billstream exchange-rates delete "October 2020"'))
@click.argument("name")
@changing
def exchange_rates(name: str, asking: Asking) -> None:
    """Delete the exchange rates NAME, if nothing has used them and no bill run names them."""

    def delete(workspace: "Workspace") -> None:
        from commands.setup.exchange_rates import delete_exchange_rates

        delete_exchange_rates(workspace, name)

    ask(asking, "delete_exchange_rates", {"name": name}, delete, f"Deleted exchange rates {name}.")


@click.command(epilog=example("billstream package delete internet"))
@click.argument("code")
@changing
def package(code: str, asking: Asking) -> None:
    """Delete the package CODE, if no account holds it."""

    def delete(workspace: "Workspace") -> None:
        from commands.setup.package import delete_package

        delete_package(workspace, code)

    ask(asking, "delete_package", {"code": code}, delete, f"Deleted package {code}.")


@click.command(epilog=example("billstream bill-run delete Default"))
@click.argument("name")
@changing
def bill_run(name: str, asking: Asking) -> None:
    """Delete the bill run NAME, if nothing is scheduled for it."""

    def delete(workspace: "Workspace") -> None:
        from commands.setup.bill_run import delete_bill_run

        delete_bill_run(workspace, name)

    ask(asking, "delete_bill_run", {"name": name}, delete, f"Deleted bill run {name}.")
