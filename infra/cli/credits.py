"""Verbs on manual transactions: credit, debit and charge by hand; list and remove them (R25)."""

import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, ask, changing
from infra.cli.options import DATE, Function, example, reading

if TYPE_CHECKING:
    from commands.asking import Handler
    from commands.corrections.transactions import AddCredit
    from commands.handling import Outcome
    from commands.store import Reading


def _options(function: Function) -> Function:
    """What every manual transaction has: parameters reason, currency, date, gl_code."""
    for option in (
        click.option("--gl-code", default=None, help="The ledger code it posts to."),
        click.option("--date", type=DATE, default=None, help="Its date; else today."),
        click.option("--currency", default=None, help="Must be the account's, as by default."),
        click.option("--reason", default="", help="What it is for: it stands on the invoice."),
    ):
        function = option(function)
    return function


def _corrects(function: Function) -> Function:
    """`--invoice` and `--line`: the line that is corrected."""
    function = click.option("--line", type=int, default=None, help="Its line, from 1.")(function)
    return click.option("--invoice", default=None, help="The invoice whose line it corrects.")(
        function
    )


def _ask(
    asking: Asking,
    handler: "Handler[Any]",
    kind: "Callable[..., AddCredit]",
    said: str,
    asked: dict[str, Any],
) -> None:
    """Asks for what the verb's options say: they are called as the message's fields. One of
    another day than today is told with the day it posts, and why.
    """

    def told(_: "Reading", outcome: "Outcome") -> str:
        done = f"{said.format(**asked)}; it goes on the next invoice."
        why = outcome.result.get("posting_reason")
        return f"{done}\nPosted {outcome.result['posting_date']}: {why}." if why else done

    ask(asking, handler, lambda by: kind(**asked, requested_by=by), told)


@click.command(
    epilog=example(
        "billstream credit add C-1 5.00 --reason 'a day without service'",
        "billstream credit add C-1 5.00 --invoice INV-007854 --line 1",
    )
)
@click.argument("account")
@click.argument("amount")
@_options
@_corrects
@changing
def add(asking: Asking, **asked: Any) -> None:
    """Credit ACCOUNT: AMOUNT comes off its balance now and stands on its next invoice."""
    from commands.corrections.transactions import AddCredit, add_credit

    _ask(asking, add_credit, AddCredit, "Credited account {account} with {amount}", asked)


@click.command(epilog=example("billstream account debit C-1 5.00 --reason 'credited by mistake'"))
@click.argument("account")
@click.argument("amount")
@_options
@_corrects
@changing
def debit(asking: Asking, **asked: Any) -> None:
    """Debit ACCOUNT by hand: AMOUNT is owed now and stands on its next invoice."""
    from commands.corrections.transactions import AddDebit, add_debit

    _ask(asking, add_debit, AddDebit, "Debited account {account} with {amount}", asked)


@click.command(epilog=example("billstream account charge C-1 49.00 --reason technician"))
@click.argument("account")
@click.argument("amount")
@_options
@changing
def charge(asking: Asking, **asked: Any) -> None:
    """Charge ACCOUNT once, for something that is no package; it stands on its next invoice."""
    from commands.corrections.transactions import AddCharge, add_charge

    _ask(asking, add_charge, AddCharge, "Charged account {account} {amount} once", asked)


@click.command("list", epilog=example("billstream credit list --account C-1"))
@click.option("--account", default=None, help="Only this account's.")
@reading
def list_credits(account: str | None, database: str | None, as_json: bool) -> None:
    """List the credits given by hand: waiting, invoiced or removed."""
    _list(account, "credit", database, as_json)


@click.command(epilog=example("billstream account transactions C-1"))
@click.argument("account")
@reading
def transactions(account: str, database: str | None, as_json: bool) -> None:
    """List the manual debits, credits and one-time charges of ACCOUNT."""
    _list(account, None, database, as_json)


def _list(account: str | None, kind: str | None, database: str | None, as_json: bool) -> None:
    from infra.cli.looking import check_account, looking, tail
    from infra.cli.output import Column, Shown, print_list
    from projections import transactions as view

    with looking(database) as look:
        check_account(look, account)
        found = view.transactions(look.views, look.showing, account, kind)
        asked: Shown = ((Column("Account"), "account"),) if account is None else ()
        kinds: Shown = ((Column("Kind", keep=True), _kind),) if kind is None else ()
        columns: Shown = (
            (Column("Transaction", keep=True), lambda one: tail(one["id"])),
            *asked,
            *kinds,
            (Column("Date", keep=True), "date"),
            (Column("Description", wrap=True), "description"),
            (Column("Amount", right=True), "amount"),
            (Column("", keep=True), "currency"),
            (Column("Invoice", keep=True), lambda one: one["invoice"] or one["status"]),
        )
        print_list(found, as_json, columns, "There are none.")


def _kind(one: dict[str, Any]) -> str:
    return str(one["kind"]).replace("_", " ")


@click.command(epilog=example("billstream credit remove 4f1c2a90 --reason 'wrong account'"))
@click.argument("transaction")
@click.option("--reason", default="", help="Why; kept in history.")
@changing
def remove(transaction: str, reason: str, asking: Asking) -> None:
    """Remove TRANSACTION (its id, or the digits that lists show) before it is invoiced."""
    from commands.corrections.transactions import RemoveTransaction, remove_transaction

    whole, account = _whose(transaction, asking.database)

    def message(by: str) -> RemoveTransaction:
        return RemoveTransaction(account=account, transaction=whole, reason=reason, requested_by=by)

    ask(asking, remove_transaction, message, f"Removed transaction {whole} of account {account}.")


def _whose(transaction: str, database: str | None) -> tuple[str, str]:
    from aggregates.refusal import Refusal
    from infra.cli.looking import looking
    from projections import transactions as view

    with looking(database) as look:
        digits = transaction.strip().lower()
        readable = len(digits) >= 4 and set(digits) <= set(string.hexdigits + "-")
        found = view.whose(look.views, digits) if readable else []
    if len(found) != 1:
        several = f"{len(found)} transactions fit" if found else "there is no transaction"
        raise Refusal(
            "transaction_unknown",
            f"{several} {transaction!r}; `billstream account transactions ACCOUNT` lists them",
            transaction=transaction,
        )
    return found[0]
