"""`billstream payment-method list|add|change|remove`: how an account pays (R23)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, ask, changing, confirmed, yes_option
from infra.cli.looking import looking
from infra.cli.options import Function, example, reading
from infra.cli.output import Column, Shown, print_list

if TYPE_CHECKING:
    from commands.asking import Handler
    from commands.payments.methods import SetPaymentMethod


@click.command(
    "list", epilog=example("billstream payment-method list --account P-1", "… list --json")
)
@click.option("--account", metavar="NUMBER", required=True, help="Whose.")
@reading
def list_methods(account: str, database: str | None, as_json: bool) -> None:
    """List how an account pays. Tokens are never shown; those of an account whose personal data
    was erased are gone, and nothing can be asked for with them.
    """
    from aggregates import identity
    from aggregates.account_rules import unknown_account

    with looking(database) as look:
        stream = identity.account(account)
        with look.app.store.snapshot() as snapshot:
            held = snapshot.get("account", stream)
            if held is None or held.state.deleted:
                raise unknown_account(account)
            found = snapshot.get("payment_methods", identity.payment_methods(stream))
    erased = held.state.erased
    methods = [] if found is None else [m for m in found.state.methods if not m.removed]
    shapes: list[dict[str, Any]] = [
        {
            "id": method.ref,
            "account": account,
            "kind": method.kind,
            "label": method.label,
            "auto_pay": method.auto_pay and not erased,
            "active": method.active and not erased,
            "status": "erased" if erased else "active" if method.active else "inactive",
        }
        for method in methods
    ]
    columns: Shown = (
        (Column("Method", keep=True), "id"),
        (Column("Kind"), "kind"),
        (Column("Label"), "label"),
        (Column("Auto pay"), "auto_pay"),
        (Column("Status", keep=True), "status"),
    )
    print_list(shapes, as_json, columns, "There are no payment methods.")


def _options(required: bool) -> Callable[[Function], Function]:
    """What a method is made of."""

    def add(function: Function) -> Function:
        kind = click.Choice(["card", "bank"])
        for option in (
            click.option("--inactive/--active", "inactive", default=None, help="Not to be used."),
            click.option("--auto-pay/--no-auto-pay", default=None, help="Runs may charge it."),
            click.option("--label", default=None, help="What people know it by: Visa 4242."),
            click.option("--token", default=None, required=required, help="The gateway's name."),
            click.option("--kind", type=kind, default=None, required=required, help="What it is."),
        ):
            function = option(function)
        return function

    return add


@click.command(
    epilog=example(
        "billstream payment-method add P-1 visa --kind card --token pm_1Nv0F… --auto-pay"
    )
)
@click.argument("account")
@click.argument("method")
@_options(required=True)
@changing
def add(account: str, method: str, asking: Asking, **given: Any) -> None:
    """Add METHOD to ACCOUNT: a card or bank account that the gateway keeps."""
    from commands.payments.methods import add_payment_method

    said = f"Added payment method {method} of account {account}."
    _put(add_payment_method, account, method, asking, given, said)


@click.command(
    epilog=example(
        "billstream payment-method change P-1 visa --no-auto-pay",
        "billstream payment-method change P-1 visa --token pm_1Nv0G… --label 'Visa 4242'",
    )
)
@click.argument("account")
@click.argument("method")
@_options(required=False)
@changing
def change(account: str, method: str, asking: Asking, **given: Any) -> None:
    """Change METHOD of ACCOUNT; what is left out stays."""
    from commands.payments.methods import change_payment_method

    said = f"Changed payment method {method} of account {account}."
    _put(change_payment_method, account, method, asking, given, said)


@click.command(epilog=example("billstream payment-method remove P-1 visa --yes"))
@click.argument("account")
@click.argument("method")
@yes_option
@changing
def remove(account: str, method: str, yes: bool, asking: Asking) -> None:
    """Take METHOD away from ACCOUNT; payments made with it stay on record."""
    from commands.payments.methods import RemovePaymentMethod, remove_payment_method

    confirmed(yes, asking, f"Remove payment method {method} of {account}?")

    def message(by: str) -> RemovePaymentMethod:
        return RemovePaymentMethod(account=account, payment_method=method, requested_by=by)

    said = f"Removed payment method {method} of account {account}."
    ask(asking, remove_payment_method, message, said)


def _put(
    handler: "Handler[SetPaymentMethod]",
    account: str,
    method: str,
    asking: Asking,
    given: dict[str, Any],
    said: str,
) -> None:
    from commands.payments.methods import SetPaymentMethod

    inactive = given.pop("inactive")
    given["active"] = None if inactive is None else not inactive

    def message(by: str) -> SetPaymentMethod:
        return SetPaymentMethod(account=account, payment_method=method, requested_by=by, **given)

    ask(asking, handler, message, said, hide=("token",))
