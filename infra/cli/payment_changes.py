"""Verbs that change payments: record, remove, refund (R23)."""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from infra.cli.changing import Asking, ask, changing, confirmed, yes_option
from infra.cli.options import DATE, example

if TYPE_CHECKING:
    from commands.handling import Outcome
    from commands.store import Reading


@click.command(
    epilog=example(
        "billstream payment record P-1 20.00 --kind cheque --reference 'no. 1234'",
        "billstream payment record P-1 20.00 --kind transfer --invoice INV-007854",
    )
)
@click.argument("account")
@click.argument("amount")
@click.option(
    "--kind",
    type=click.Choice(["cash", "cheque", "transfer"]),
    required=True,
    help="How the money came.",
)
@click.option("--on", type=DATE, default=None, help="The day it came; else today.")
@click.option("--currency", default=None, help="Must be the account's, which it is by default.")
@click.option("--reference", default="", help="What it is known by, for the books.")
@click.option("--invoice", default=None, help="Pay this invoice first; else the oldest open one.")
@changing
def record(
    account: str,
    amount: str,
    kind: str,
    on: date | None,
    currency: str | None,
    reference: str,
    invoice: str | None,
    asking: Asking,
) -> None:
    """Record AMOUNT that ACCOUNT paid by cash, cheque or transfer."""
    from commands.payments.asking import RecordPayment, record_payment
    from infra.cli.looking import both_ends

    def message(by: str) -> RecordPayment:
        return RecordPayment(
            account=account,
            amount=amount,
            kind=kind,
            on=on,
            currency=currency,
            reference=reference,
            invoice=invoice,
            requested_by=by,
        )

    def said(_: "Reading", outcome: "Outcome") -> str:
        known_as = both_ends(outcome.result["payment"])
        return f"Recorded a payment of {amount} by account {account}: payment {known_as}."

    ask(asking, record_payment, message, said)


@click.command(
    epilog=example("billstream payment remove 4f1c2a90b7d1 --reason 'wrong account' --yes")
)
@click.argument("payment")
@click.option("--reason", default="", help="Why; kept in history.")
@yes_option
@changing
def remove(payment: str, reason: str, yes: bool, asking: Asking) -> None:
    """Take a recorded PAYMENT away that was recorded by mistake; its invoices are open again."""
    from commands.payments.asking import RemovePayment, remove_payment

    confirmed(yes, asking, f"Remove payment {payment}?")
    whole = _whole(asking, payment)

    def message(by: str) -> RemovePayment:
        return RemovePayment(payment=whole, reason=reason, requested_by=by)

    ask(asking, remove_payment, message, f"Removed payment {payment}.")


@click.command(
    epilog=example(
        "billstream payment refund 4f1c2a90b7d1 --yes",
        "billstream payment refund 4f1c2a90b7d1 --amount 5.00 --reason goodwill --yes",
    )
)
@click.argument("payment")
@click.option("--amount", default=None, help="A part of it; else all that is left.")
@click.option("--reason", default="", help="Why; kept in history.")
@yes_option
@changing
def refund(payment: str, amount: str | None, reason: str, yes: bool, asking: Asking) -> None:
    """Give PAYMENT back, or a part of it: through the gateway if it came through it."""
    from aggregates.identity import parse
    from commands.payments.asking import RefundPayment, refund_payment
    from infra.composition import open_app
    from infra.gateway.embedded import collect_after_run

    confirmed(yes, asking, f"Refund payment {payment}?")
    whole = _whole(asking, payment)

    def message(by: str) -> RefundPayment:
        return RefundPayment(payment=whole, amount=amount, reason=reason, requested_by=by)

    def said(reading: "Reading", outcome: "Outcome") -> str:
        found = reading.get("payment", parse(outcome.result["payment"]))
        if found is not None and found.state.is_recorded:
            return f"Refunded payment {payment}: give the money back the way it came."
        return f"Asked to refund payment {payment}."

    ask(asking, refund_payment, message, said)
    with open_app(asking.database) as app:
        collect_after_run(app)


def _whole(asking: Asking, written: str) -> Any:
    from infra.cli.looking import looking
    from infra.cli.payments import payment_id

    with looking(asking.database) as look:
        return payment_id(look, written)
