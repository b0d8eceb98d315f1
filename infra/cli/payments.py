"""`billstream payment list|show|collect|webhook`, and what an account owes."""

import sys
from typing import IO, TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, changing
from infra.cli.looking import Look, both_ends, check_invoicer, going_to, looking, unknown, whole
from infra.cli.options import database_option, example, json_option, reading
from infra.cli.output import (
    Column,
    Shown,
    counted,
    print_card,
    print_json,
    print_list,
    print_table,
    say,
)

if TYPE_CHECKING:
    from infra.composition import App


def payment_id(look: Look, written: str) -> str:
    """The payment meant by an id or its digits, as tables show them."""
    from projections import payments

    return whole("payment", written, lambda digits: payments.ids(look.views, digits))


@click.command(
    "list",
    epilog=example("billstream payment list", "billstream payment list --account P-1 --json"),
)
@click.option("--account", metavar="NUMBER", default=None, help="Only those of this account.")
@click.option(
    "--status",
    type=click.Choice(["pending", "succeeded", "declined", "removed"]),
    default=None,
    help="Only those; pending: the outcome is not known yet.",
)
@reading
def list_payments(
    account: str | None, status: str | None, database: str | None, as_json: bool
) -> None:
    """List payments in the order in which they were asked for or recorded."""
    from projections import payments

    with looking(database) as look:
        check_invoicer(look, account, as_json)
        found = payments.payments(look.views, look.showing, account, status)
        columns: Shown = (
            (Column("Payment", keep=True), lambda one: both_ends(one["id"])),
            (Column("Account"), "account"),
            (Column("Date", keep=True), "asked_on"),
            (Column("Amount", right=True), "amount"),
            (Column("", keep=True), "currency"),
            (Column("Status", keep=True), "status"),
            (Column("About", wrap=True), _about),
        )
        print_list(found, as_json, columns, "There are no payments.")


def _about(one: dict[str, Any]) -> str:
    """How it was paid; why it was declined and when it is tried again; what pays no invoice."""
    said = [str(one["kind"])]
    if one["code"]:
        said.append(one["code"].replace("_", " "))
    if one["retry_on"]:
        said.append(f"again on {one['retry_on']}")
    if one["status"] == "succeeded" and any(digit in one["undisbursed"] for digit in "123456789"):
        said.append(f"{one['undisbursed']} left over")
    return ", ".join(said)


@click.command(epilog=example("billstream payment show 4f1c2a90b7d1"))
@click.argument("payment")
@reading
def show(payment: str, database: str | None, as_json: bool) -> None:
    """Show PAYMENT: where its money went, and what came of asking for it."""
    from projections import payments

    with looking(database) as look:
        found = payments.one(look.views, look.showing, payment_id(look, payment))
        if found is None:
            raise unknown("payment", payment, "billstream payment list")
        if as_json:
            print_json(found)
            return
        entries: list[dict[str, Any]] = found.pop("entries")
        print_card((name.replace("_", " "), value) for name, value in found.items())
        say("")
        columns = (
            Column("Date", keep=True),
            Column("What", keep=True),
            Column("Invoice", keep=True),
            Column("Amount", right=True),
            Column("About"),
        )
        rows = ((e["on"], e["entry"], e["invoice"], e["amount"], e["about"]) for e in entries)
        print_table(columns, rows, "It pays no invoice.")


@click.command(
    epilog=example(
        "billstream payment collect",
        "billstream payment collect --account P-1",
        "billstream payment collect --account P-1 --amount 20.00 --method visa",
    )
)
@click.option("--account", metavar="NUMBER", default=None, help="Ask this account for money now.")
@click.option(
    "--collection",
    type=click.Choice(["balance_due", "account_balance"]),
    default="balance_due",
    show_default=True,
    help="How much, without --amount.",
)
@click.option("--amount", metavar="AMOUNT", default=None, help="So much, in its currency.")
@click.option("--method", metavar="ID", default=None, help="By this method; else by auto pay.")
@changing
def collect(
    account: str | None,
    collection: str,
    amount: str | None,
    method: str | None,
    asking: Asking,
) -> None:
    """Ask the gateway for what is pending, and first for what an account owes if one is named.
    Also tries declined payments again whose day has come, and pays invoices with money that waits.
    """
    from infra.composition import open_app

    with open_app(asking.database) as app:
        payment = _ask(app, asking, account, collection, amount, method) if account else None
        _collect(app, asking.as_json, payment)


def _ask(
    app: "App",
    asking: Asking,
    account: str,
    collection: str,
    amount: str | None,
    method: str | None,
) -> str:
    from uuid import uuid4

    from commands.payments.asking import CollectPayment, collect_payment
    from infra import personal_keys
    from infra.settings import settings

    message = CollectPayment(
        account=account,
        collection=collection,
        amount=amount,
        method=method,
        requested_by=asking.requested_by or settings().requested_by,
    )
    id = asking.command_id or str(uuid4())
    return collect_payment(app.store, message, "cli", id, personal_keys).result["payment"]


def _collect(app: "App", as_json: bool, payment: str | None) -> None:
    from infra.gateway.embedded import collect_now
    from projections import payments

    before = app.store.head.position
    left = collect_now(app)
    changed = app.store.head.position > before
    look = Look(app)
    asked = None if payment is None else payments.one(look.views, look.showing, payment)
    if as_json:
        print_json({"payment": asked, "pending": left, "changed": changed or asked is not None})
        return
    if asked is not None:
        why = f" ({asked['code']}: {asked['message']})" if asked["code"] else ""
        amount = f"{asked['amount']} {asked['currency']}"
        say(f"Payment {both_ends(asked['id'])} of {amount}: {asked['status']}{why}.")
    elif not changed:
        say("Nothing to collect.")
    if left:
        say(f"{counted(left, 'payment')} {'waits' if left == 1 else 'wait'} for the gateway.")


@click.command(
    epilog=example("billstream payment webhook --signature 't=…,v1=…' --file webhook.json")
)
@click.option("--signature", required=True, help="The header `Stripe-Signature` that came with it.")
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    default="-",
    help="The body as it came, byte for byte; else it is read from stdin.",
)
@json_option
@database_option
def webhook(signature: str, file: IO[bytes], database: str | None, as_json: bool) -> None:
    """Hear a webhook of the gateway that came some other way than to `billstream run`."""
    from infra.composition import open_app
    from infra.gateway.webhooks import hear_signed

    body = file.read()
    with open_app(database) as app:
        outcome = hear_signed(app.store, signature, body)
    heard = outcome is not None
    changed = outcome is not None and outcome.changed
    if as_json:
        print_json({"heard": heard, "changed": changed})
    else:
        say("Heard." if changed else "Nothing to change.")
    sys.stdout.flush()


@click.command(epilog=example("billstream account balance P-1"))
@click.argument("account")
@reading
def balance(account: str, database: str | None, as_json: bool) -> None:
    """Show what ACCOUNT owes: open invoices, what waits by hand, money that pays none of them yet.
    Charges of a run count when they are invoiced.
    """
    with looking(database) as look:
        found = _balance(look, account)
    if as_json:
        print_json(found)
        return
    elsewhere = going_to(account, found.pop("invoicer"))
    print_card((*((name.replace("_", " "), value) for name, value in found.items()), *elsewhere))


def _balance(look: Look, number: str) -> dict[str, Any]:
    from commands.payments.money import payer, standing
    from commands.workspace import Workspace

    with look.app.store.snapshot() as snapshot:
        workspace = Workspace(look.app.store, snapshot, None)
        stream, state = payer(workspace, number)
        money = standing(workspace, stream, state)
        due = money.to_collect("balance_due", workspace.today())
    shown = look.showing.amount
    amounts = {
        "balance": money.balance,
        "open_documents": sum(document.open_balance for document in money.documents),
        "waiting": money.waiting,
        "undisbursed": money.undisbursed,
        "pending": money.pending,
        "to_collect": max(due, 0),
    }
    plain = {name: shown(amount, state.currency) for name, amount in amounts.items()}
    head = {"account": state.number, "currency": state.currency}
    return {**head, **plain, "invoicer": state.invoicer}
