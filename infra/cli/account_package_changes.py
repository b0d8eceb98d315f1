"""Verbs that change what an account holds: cancel, suspend, resume, set a price (R13)."""

from collections.abc import Callable
from datetime import date

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import DATE, Function, example


def _as_of(what: str) -> Callable[[Function], Function]:
    """`--as-of`: parameter `as_of`, None for the business date."""
    return click.option("--as-of", "as_of", type=DATE, default=None, help=f"{what}; else today.")


@click.command(epilog=example("billstream account-package cancel C-1/internet --as-of 2020-10-24"))
@click.argument("account_package")
@_as_of("The first day not charged any more")
@changing
def cancel(account_package: str, as_of: date | None, asking: Asking) -> None:
    """Cancel ACCOUNT_PACKAGE: it is billed up to that day, once more, and then never again."""

    from commands.account_package_changes import CancelAccountPackage, cancel_account_package

    def message(by: str) -> CancelAccountPackage:
        return CancelAccountPackage(account_package=account_package, as_of=as_of, requested_by=by)

    ask(asking, cancel_account_package, message, f"Cancelled account-package {account_package}.")


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

    from commands.account_package_changes import SuspendAccountPackage, suspend_account_package

    def message(by: str) -> SuspendAccountPackage:
        return SuspendAccountPackage(
            account_package=account_package, as_of=as_of, until=until, requested_by=by
        )

    ask(asking, suspend_account_package, message, f"Suspended account-package {account_package}.")


@click.command(epilog=example("billstream account-package resume C-1/internet --as-of 2020-10-21"))
@click.argument("account_package")
@_as_of("The first day charged again")
@changing
def resume(account_package: str, as_of: date | None, asking: Asking) -> None:
    """Resume ACCOUNT_PACKAGE: its days are charged again."""

    from commands.account_package_changes import ResumeAccountPackage, resume_account_package

    def message(by: str) -> ResumeAccountPackage:
        return ResumeAccountPackage(account_package=account_package, as_of=as_of, requested_by=by)

    ask(asking, resume_account_package, message, f"Resumed account-package {account_package}.")


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
    from commands.account_package_changes import SetAccountPackagePrice, set_account_package_price

    wanted = None if price == "catalogue" else price

    def message(by: str) -> SetAccountPackagePrice:
        return SetAccountPackagePrice(
            account_package=account_package, price=wanted, as_of=as_of, requested_by=by
        )

    said = f"Set the price of account-package {account_package}."
    ask(asking, set_account_package_price, message, said)
