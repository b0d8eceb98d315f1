"""What the gateway tells by itself (R23). A webhook is a command of the gateway's: told again it
changes nothing. It is taken as a hint: what became of a payment is asked for, so webhooks may come
in any order, late, or never.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, cast

from aggregates import identity
from aggregates.identity import StreamId
from aggregates.payment import rules
from aggregates.payment.state import PaymentState
from aggregates.refusal import Refusal
from commands.books import check_open
from commands.gateway import Gateway, Unanswered, Unreachable
from commands.handling import Outcome, run_command
from commands.message import Command
from commands.payments.money import KIND, disburse_all, stage
from commands.payments.outcomes import News, learn
from commands.payments.refunds import news_of_refunds
from commands.store import Store
from commands.workspace import Workspace

SOURCE = "gateway"
LARGEST = 256 * 1024
"""Bytes of a webhook at most."""

_PAYMENTS = ("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled")
_DISPUTES = ("charge.dispute.created", "charge.dispute.closed")
_REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")


class Webhook(NamedTuple):
    """A webhook that was read. `about` is the thing it tells of, as the gateway shows it."""

    id: str
    type: str
    about: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """The payment it is about, in the gateway's words; "" for other things."""
        key = "id" if self.type in _PAYMENTS else "payment_intent"
        return str(self.about.get(key) or "")


def read_webhook(body: bytes) -> Webhook:
    """A webhook whose signature was right."""
    try:
        found: object = json.loads(body) if len(body) <= LARGEST else None
    except (ValueError, RecursionError):
        found = None
    event = _mapping(found)
    about = _mapping(_mapping(event.get("data")).get("object"))
    id, type = event.get("id"), event.get("type")
    if not (isinstance(id, str) and isinstance(type, str) and 0 < len(id) <= 200):
        raise Refusal("webhook_invalid", "the webhook is not an event of the gateway: send JSON")
    return Webhook(id, type, about)


def hear(store: Store, gateway: Gateway, body: bytes) -> Outcome | None:
    """What came of a webhook; None when it tells nothing about payments of ours. Raises the refusal
    `gateway_unreachable` when the gateway cannot be asked: it will send the webhook again.
    """
    webhook = read_webhook(body)
    if webhook.type not in (*_PAYMENTS, *_DISPUTES, *_REFUNDS) or not webhook.reference:
        return None
    try:
        named = gateway.payment_of(webhook.reference)
        payment = _known(store, named)
        if payment is None:
            return None
        news = list(_news(gateway, payment, webhook, store))
    except (Unreachable, Unanswered) as away:
        raise Refusal("gateway_unreachable", f"{away}: the webhook is to be sent again") from None
    told = {"webhook": sha256(body).hexdigest()}
    command = Command("gateway_webhook", SOURCE, webhook.id, told, SOURCE)

    def decide(workspace: Workspace) -> Mapping[str, str]:
        workspace.prefetch(KIND, [payment])
        for one in news:
            learn(workspace, one)
        if webhook.type in _DISPUTES:
            _disputed(workspace, payment, webhook)
        return {"payment": identity.text(payment)}

    return run_command(store, command, decide)


def _known(store: Store, named: str | None) -> StreamId | None:
    """The payment by its id, if it is one of this owner's."""
    try:
        stream = identity.parse(named or "")
    except ValueError:
        return None
    with store.snapshot() as reading:
        return stream if reading.get(KIND, stream) is not None else None


def _news(gateway: Gateway, payment: StreamId, webhook: Webhook, store: Store) -> Iterator[News]:
    """What the gateway says now about what the webhook tells of."""
    with store.snapshot() as reading:
        found = reading.get(KIND, payment)
    state: PaymentState | None = None if found is None else found.state
    if state is None:
        return
    if webhook.type in _REFUNDS:
        yield from news_of_refunds(store, gateway, payment, state.reference)
    # A payment that was asked for and is not on record with this reference was never confirmed.
    elif state.reference == webhook.reference:
        yield News(payment, gateway.look(webhook.reference))


def _disputed(workspace: Workspace, payment: StreamId, webhook: Webhook) -> None:
    """The customer's bank takes money back, or the case is over. One that was won before it was
    heard of is recorded whole, so that its beginning, told later, is old news.
    """
    state: PaymentState = workspace.get(KIND, payment)
    today = workspace.today()
    check_open(workspace, today)
    amount = webhook.about.get("amount")
    dispute = str(webhook.about.get("id") or "")
    if not dispute or type(amount) is not int or amount <= 0:
        raise Refusal("webhook_invalid", "the webhook tells of a dispute without id or amount")
    reason = str(webhook.about.get("reason") or "")[:100]
    state = stage(workspace, payment, rules.charge_back(state, dispute, amount, today, reason))
    if webhook.type == "charge.dispute.closed" and webhook.about.get("status") == "won":
        stage(workspace, payment, rules.win_charge_back(state, dispute, today))
        disburse_all(workspace, identity.account(state.account), today)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}
