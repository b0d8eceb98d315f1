"""Verbs that change what an account holds: cancel, suspend, resume, set a price (R13)."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import DATE, Function, example

if TYPE_CHECKING:
    from commands.workspace import Workspace


Handler = Callable[["Workspace"], None]


def _as_of(what: str) -> Callable[[Function], Function]:
    """`--as-of`: parameter `as_of`, None for the business date."""
    return click.option("--as-of", "as_of", type=DATE, default=None, help=f"{what}; else today.")


@click.command(epilog=example("billstream account-package cancel C-1/internet --as-of 2020-10-24"))
@click.argument("account_package")
@_as_of("The first day not charged any more")
@changing
def cancel(account_package: str, as_of: date | None, asking: Asking) -> None:
    """Cancel ACCOUNT_PACKAGE: it is billed up to that day, once more, and then never again."""

    def handle(workspace: "Workspace") -> None:
        from commands.setup import account_package as held

        held.cancel(workspace, account_package, as_of or workspace.today())

    _ask(asking, "cancel_account_package", account_package, {"as_of": as_of}, handle, "Cancelled")


@click.command(
    epilog=example(
        "billstream account-package suspend C-1/internet --as-of 2020-10-11 --until 2020-10-21"
    )
)
@click.argument("account_package")
@_as_of("The first day not charged")
@click.option("--until", type=DATE, default=None, help="The first day charged again; else open.")
@changing
def suspend(account_package: str, as_of: date | None, until: date | None, asking: Asking) -> None:
    """Suspend ACCOUNT_PACKAGE: its days are not charged until it is resumed."""

    def handle(workspace: "Workspace") -> None:
        from commands.setup import account_package as held

        held.suspend(workspace, account_package, as_of or workspace.today(), until)

    body: dict[str, object] = {"as_of": as_of, "until": until}
    _ask(asking, "suspend_account_package", account_package, body, handle, "Suspended")


@click.command(epilog=example("billstream account-package resume C-1/internet --as-of 2020-10-21"))
@click.argument("account_package")
@_as_of("The first day charged again")
@changing
def resume(account_package: str, as_of: date | None, asking: Asking) -> None:
    """Resume ACCOUNT_PACKAGE: its days are charged again."""

    def handle(workspace: "Workspace") -> None:
        from commands.setup import account_package as held

        held.resume(workspace, account_package, as_of or workspace.today())

    _ask(asking, "resume_account_package", account_package, {"as_of": as_of}, handle, "Resumed")


@click.command(
    epilog=example(
        "billstream account-package set-price C-1/internet 18.50 --as-of 2020-11-01",
        "billstream account-package set-price C-1/internet catalogue",
    )
)
@click.argument("account_package")
@click.argument("price", metavar="PRICE|catalogue")
@_as_of("The first day at this price")
@changing
def set_price(account_package: str, price: str, as_of: date | None, asking: Asking) -> None:
    """Give ACCOUNT_PACKAGE a price of its own, or the catalogue's again."""
    wanted = None if price == "catalogue" else price

    def handle(workspace: "Workspace") -> None:
        from commands.setup import account_package as held

        held.set_price(workspace, account_package, wanted, as_of or workspace.today())

    body: dict[str, object] = {"price": wanted, "as_of": as_of}
    _ask(asking, "set_account_package_price", account_package, body, handle, "Set the price of")


def _ask(
    asking: Asking,
    type: str,
    account_package: str,
    details: dict[str, object],
    handle: Handler,
    done: str,
) -> None:
    given = {k: v.isoformat() if isinstance(v, date) else v for k, v in details.items()}
    body = {"account_package": account_package, **given}
    ask(asking, type, body, handle, f"{done} account-package {account_package}.")
