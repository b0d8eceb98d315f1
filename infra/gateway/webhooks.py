"""Webhooks of the gateway, from whichever door they come: checked, then heard (R23)."""

import json
import time
from threading import Lock

import structlog

from aggregates.refusal import Refusal
from commands.handling import Outcome
from commands.store import Conflict, Store
from consumers.role import Meter
from infra.gateway import signature
from infra.gateway.open import open_gateway
from infra.gateway.settings import gateway_settings
from schemas.unreadable import Unreadable

PATH = "/webhooks/gateway"

AGAIN = frozenset({"busy", "gateway_unreachable", "gateway_missing", "webhook_secret_missing"})
"""Refusals that pass, or that an operator mends: the gateway is to send the webhook again."""

log = structlog.get_logger()


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


class Webhooks:
    """Answers webhooks that come over HTTP: 200 when one was heard or is none of ours, 400 when it
    is not right, 503 when the gateway is to send it again. One at a time, each on a connection of
    its own.
    """

    def __init__(self, database: str, meter: Meter) -> None:
        self._database = database
        self._meter = meter
        self._lock = Lock()

    def answer(self, header: str, body: bytes) -> tuple[int, bytes]:
        from infra.store.errors import StoreError
        from infra.store.open import open_store

        try:
            with self._lock, open_store(self._database) as store:
                outcome = hear_signed(store, header, body)
        except Refusal as refusal:
            log.warning("webhook refused", code=refusal.code, reason=refusal.sentence)
            again = refusal.code in AGAIN or isinstance(refusal, Unreadable)
            return 503 if again else 400, _said(error=refusal.code, message=refusal.sentence)
        except (StoreError, Conflict) as error:
            log.warning("webhook not heard", error=type(error).__name__)
            return 503, _said(error="unavailable")
        self._meter.add("webhooks")
        return 200, _said(heard=outcome is not None)


def _said(**fields: object) -> bytes:
    return json.dumps(fields).encode()
