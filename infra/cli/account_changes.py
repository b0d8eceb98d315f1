"""Verbs on an account that cannot be taken back: forget its person, delete it."""

import sys

import click

from aggregates.refusal import Refusal
from infra.cli.changing import Asking, ask, changing, yes_option
from infra.cli.options import example


@click.command(epilog=example("billstream account erase C-1 --yes"))
@click.argument("account")
@yes_option
@changing
def erase(account: str, yes: bool, asking: Asking) -> None:
    """Forget the personal data of ACCOUNT for ever: the key of its name is destroyed.

    Its invoices, charges and dates stay; history still proves itself. It is billed as before.
    """
    from commands.deletions import EraseAccount, erase_account

    if not yes and (asking.as_json or not sys.stdin or not sys.stdin.isatty()):
        raise Refusal(
            "not_confirmed",
            f"the name of {account} could never be read again, and nobody is there to ask: "
            "confirm it with --yes",
            account=account,
        )
    if not yes:
        click.confirm(f"The name of {account} can never be read again. Erase it?", abort=True)
    ask(
        asking,
        erase_account,
        lambda by: EraseAccount(account=account, requested_by=by),
        f"Erased the personal data of account {account}.",
    )


@click.command(epilog=example("billstream account delete C-1"))
@click.argument("account")
@changing
def delete(account: str, asking: Asking) -> None:
    """Delete ACCOUNT with its packages, if it was never billed and nothing depends on it."""

    from commands.deletions import DeleteAccount, delete_account

    ask(
        asking,
        delete_account,
        lambda by: DeleteAccount(account=account, requested_by=by),
        f"Deleted account {account}.",
    )
