"""`billstream payment check`: refunds that were given and may have come back."""

from datetime import date, timedelta

import click

from infra.cli.looking import Look, looking
from infra.cli.options import DATE, database_option, example, json_option
from infra.cli.output import print_json, say
from infra.cli.payments import payment_id

DAYS = 30
"""How long after a refund the customer's bank may send it back, as a rule."""


@click.command(
    epilog=example(
        "billstream payment check",
        "billstream payment check --since 2023-01-01",
        "billstream payment check 4f1c2a90b7d1",
    )
)
@click.argument("payment", required=False)
@click.option("--since", type=DATE, default=None, help=f"Else {DAYS} days ago.")
@json_option
@database_option
def check(payment: str | None, since: date | None, database: str | None, as_json: bool) -> None:
    """Ask the gateway again about refunds it has given since a day, or about those of PAYMENT: one
    that the customer's bank sent back is undone. The gateway tells so by webhook; this finds what
    no webhook told.
    """
    from aggregates.identity import parse
    from aggregates.refusal import Refusal
    from commands.payments.refunds import check_refunds
    from infra.gateway.open import open_gateway

    with looking(database) as look:
        asked = _asked(look, payment, since)
        gateway = open_gateway()
        if gateway is None:
            raise Refusal(
                "gateway_missing", "the gateway cannot be asked: set BILLSTREAM_GATEWAY_URL"
            )
        try:
            changed = check_refunds(look.app.store, gateway, [parse(one) for one in asked])
        finally:
            gateway.close()
    if as_json:
        print_json({"payments": len(asked), "changed": len(changed)})
    else:
        say(f"Payments with refunds asked about: {len(asked)}. Changed: {len(changed)}.")


def _asked(look: Look, payment: str | None, since: date | None) -> list[str]:
    from projections import payments

    if payment is not None:
        return [payment_id(look, payment)]
    return payments.refunded_since(look.views, since or look.showing.today - timedelta(days=DAYS))
