"""`billstream account list|search|show`."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from infra.cli.looking import looking, unknown
from infra.cli.options import example, reading
from infra.cli.output import Column, print_card, print_json, print_json_list, print_table

_COLUMNS = (
    Column("Number"),
    Column("Name"),
    Column("Status", keep=True),
    Column("Currency", keep=True),
    Column("Bill group"),
    Column("Day", right=True),
    Column("Invoicer"),
)


@click.command("list", epilog=example("billstream account list", "billstream account list --json"))
@reading
def list_accounts(database: str | None, as_json: bool) -> None:
    """List the accounts, by number."""
    from projections import accounts

    with looking(database) as look:
        _print(accounts.all_accounts(look.views), as_json, "There are no accounts.")


@click.command(epilog=example("billstream account search child"))
@click.argument("text")
@reading
def search(text: str, database: str | None, as_json: bool) -> None:
    """Find the accounts whose number or name contains TEXT, in capitals or not."""
    from projections import accounts

    with looking(database) as look:
        empty = f"No account has {text!r} in its number or name."
        _print(accounts.search(look.views, text), as_json, empty)


@click.command(epilog=example("billstream account show C-1"))
@click.argument("account")
@reading
def show(account: str, database: str | None, as_json: bool) -> None:
    """Show the account with the number ACCOUNT."""
    from projections import accounts

    with looking(database) as look:
        found = accounts.one(look.views, account)
        if found is None:
            raise unknown("account", account, "billstream account list")
        if as_json:
            print_json(found)
        else:
            print_card((name.replace("_", " "), value) for name, value in found.items())


def _print(found: Iterable[Mapping[str, Any]], as_json: bool, empty: str) -> None:
    if as_json:
        print_json_list(found)
        return
    rows = (
        (
            one["number"],
            one["name"],
            one["status"],
            one["currency"],
            one["bill_group"],
            one["bill_day"],
            one["invoicer"],
        )
        for one in found
    )
    print_table(_COLUMNS, rows, empty)
