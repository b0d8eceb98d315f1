"""`billstream account-package list|show`."""

import click

from infra.cli.looking import check_account, looking, unknown
from infra.cli.options import example, reading
from infra.cli.output import Column, print_card, print_json, print_list

_COLUMNS = (
    (Column("Id", keep=True), "id"),
    (Column("Account", spare=True), "account"),
    (Column("Package"), "package"),
    (Column("Status", keep=True), "status"),
    (Column("Next bill date", keep=True), "next_bill_date"),
    (Column("Price", right=True), "price"),
    (Column("", keep=True), "currency"),
)


@click.command(
    "list",
    epilog=example(
        "billstream account-package list --account C-1",
        "billstream account-package list --json",
    ),
)
@click.option("--account", metavar="NUMBER", default=None, help="Only those of this account.")
@reading
def list_account_packages(account: str | None, database: str | None, as_json: bool) -> None:
    """List the packages held by accounts, by account and id."""
    from projections import account_packages

    with looking(database) as look:
        check_account(look, account)
        found = account_packages.all_account_packages(
            look.views, look.catalogue, look.showing, account
        )
        print_list(found, as_json, _COLUMNS, "There are no account-packages.")


@click.command(epilog=example("billstream account-package show C-1/internet"))
@click.argument("account_package")
@reading
def show(account_package: str, database: str | None, as_json: bool) -> None:
    """Show the account-package with the id ACCOUNT_PACKAGE."""
    from projections import account_packages

    with looking(database) as look:
        found = account_packages.one(look.views, look.catalogue, look.showing, account_package)
        if found is None:
            raise unknown("account_package", account_package, "billstream account-package list")
        if as_json:
            print_json(found)
        else:
            print_card((name.replace("_", " "), value) for name, value in found.items())
