"""Webhooks of the gateway, from whichever door they come: checked, then heard (R23)."""

import time

from aggregates.refusal import Refusal
from commands.handling import Outcome
from commands.store import Store
from infra.gateway import signature
from infra.gateway.open import open_gateway
from infra.gateway.settings import gateway_settings

PATH = "/webhooks/gateway"


def hear_signed(store: Store, header: str, body: bytes, now: float | None = None) -> Outcome | None:
    """Hears a webhook whose signature is right; None when it tells nothing about our payments."""
    from commands.payments.webhook import hear

    secret = gateway_settings().gateway_webhook_secret.get_secret_value()
    # The signature's time is the world's, whatever a sandbox's clock says.
    signature.check(secret, header, body, time.time() if now is None else now)
    gateway = open_gateway()
    if gateway is None:
        raise Refusal("gateway_missing", "the gateway cannot be asked: set BILLSTREAM_GATEWAY_URL")
    try:
        return hear(store, gateway, body)
    finally:
        gateway.close()
