"""`billstream ar-term list|show|delete`."""

from typing import Any

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.looking import Look, looking
from infra.cli.options import example, reading
from infra.cli.output import Column, Shown, print_card, print_json, print_list


@click.command("list", epilog=example("billstream ar-term list"))
@reading
def list_ar_terms(database: str | None, as_json: bool) -> None:
    """List the AR terms: payment terms and dunning rules."""
    from projections import accounts, setup

    with looking(database) as look:
        found = [
            setup.ar_term(
                state, look.showing, accounts.having_ar_term(look.views, state.name), _default(look)
            )
            for state in look.states("ar_term")
        ]
        columns: Shown = (
            (Column("Name", keep=True), "name"),
            (Column("Payment term"), "payment_term"),
            (Column("Levels", wrap=True), _levels),
            (Column("Default"), "default"),
            (Column("Accounts", right=True), lambda one: len(one["accounts"])),
        )
        print_list(found, as_json, columns, "There are no AR terms.")


def _default(look: Look) -> str | None:
    return look.owner.ar_term if look.owner else None


@click.command(epilog=example("billstream ar-term show Strict"))
@click.argument("name")
@reading
def show(name: str, database: str | None, as_json: bool) -> None:
    """Show the AR term NAME with its dunning levels and the accounts that have it."""
    from projections import accounts, setup

    with looking(database) as look:
        state = look.state("ar_term", name, "ar-term")
        holders = accounts.having_ar_term(look.views, state.name)
        found = setup.ar_term(state, look.showing, holders, _default(look))
        if as_json:
            print_json(found)
            return
        shown = found | {
            "minimum_overdue": _money(found["minimum_overdue"]),
            "levels": _levels(found),
            "payment_retries": ", ".join(map(str, found["payment_retries"])),
            "accounts": ", ".join(holders),
        }
        print_card((key.replace("_", " "), value) for key, value in shown.items())


@click.command(epilog=example("billstream ar-term delete Strict"))
@click.argument("name")
@changing
def delete(name: str, asking: Asking) -> None:
    """Delete the AR term NAME, if no account has it."""

    from commands.deletions import DeleteArTerm, delete_ar_term

    ask(
        asking,
        delete_ar_term,
        lambda by: DeleteArTerm(name=name, requested_by=by),
        f"Deleted AR term {name}.",
    )


def _levels(found: dict[str, Any]) -> str:
    return "; ".join(_level(level) for level in found["levels"])


def _level(level: dict[str, Any]) -> str:
    fee = _money(level["amount"]) or (f"{level['percent']} %" if level["percent"] else "")
    more = fee or level["notice"]
    return f"{level['level']} ({more})" if more else str(level["level"])


def _money(amounts: dict[str, str]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in amounts.items())
