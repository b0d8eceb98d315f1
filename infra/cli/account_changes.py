"""Verbs on an account that cannot be taken back: forget its person, delete it."""

import sys
from typing import TYPE_CHECKING

import click

from aggregates.refusal import Refusal
from infra.cli.changing import Asking, ask, changing, yes_option
from infra.cli.options import example

if TYPE_CHECKING:
    from commands.workspace import Workspace


@click.command(epilog=example("billstream account erase C-1 --yes"))
@click.argument("account")
@yes_option
@changing
def erase(account: str, yes: bool, asking: Asking) -> None:
    """Forget the personal data of ACCOUNT for ever: the key of its name is destroyed.

    Its invoices, charges and dates stay; history still proves itself. It is billed as before.
    """
    if not yes and (asking.as_json or not sys.stdin or not sys.stdin.isatty()):
        raise Refusal(
            "not_confirmed",
            f"the name of {account} could never be read again, and nobody is there to ask: "
            "confirm it with --yes",
            account=account,
        )
    if not yes:
        click.confirm(f"The name of {account} can never be read again. Erase it?", abort=True)

    def handle(workspace: "Workspace") -> None:
        from commands.setup.account import erase_account

        erase_account(workspace, account)

    ask(
        asking,
        "erase_account",
        {"account": account},
        handle,
        f"Erased the personal data of account {account}.",
    )


@click.command(epilog=example("billstream account delete C-1"))
@click.argument("account")
@changing
def delete(account: str, asking: Asking) -> None:
    """Delete ACCOUNT with its packages, if it was never billed and nothing depends on it."""

    def handle(workspace: "Workspace") -> None:
        from commands.setup.account import delete_account

        delete_account(workspace, account)

    ask(asking, "delete_account", {"account": account}, handle, f"Deleted account {account}.")
