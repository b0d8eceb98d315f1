"""Whether a webhook comes from the gateway: header `t=…,v1=…`, HMAC-SHA256 over `t.body`."""

import hmac
from hashlib import sha256

from aggregates.refusal import Refusal

TOLERANCE = 300
"""Seconds that a webhook may be old, or ahead of our clock: an older one is a replay."""


def sign(secret: str, body: bytes, at: int) -> str:
    """The header of a webhook, as the gateway writes it."""
    return f"t={at},v1={_mac(secret, body, str(at))}"


def check(secret: str, header: str, body: bytes, now: float) -> None:
    """Refused unless one of the signatures is right and the webhook is fresh."""
    if not secret:
        raise Refusal(
            "webhook_secret_missing",
            "webhooks cannot be checked: set BILLSTREAM_GATEWAY_WEBHOOK_SECRET",
        )
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    at = times[0] if len(times) == 1 and times[0].isascii() and times[0].isdigit() else None
    if at is None or len(at) > 12 or not signatures:
        raise _wrong("the webhook has no signature")
    wanted = _mac(secret, body, at).encode()
    # Every one is compared: which of them was wrong takes no longer than another.
    matches = [hmac.compare_digest(wanted, one.encode()) for one in signatures]
    if not any(matches):
        raise _wrong("the webhook's signature is wrong")
    if abs(now - int(at)) > TOLERANCE:
        raise Refusal(
            "webhook_too_old",
            f"the webhook was signed more than {TOLERANCE} seconds ago: check the clock, and "
            "whether somebody replays it",
        )


def _mac(secret: str, body: bytes, at: str) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, sha256).hexdigest()


def _wrong(what: str) -> Refusal:
    return Refusal(
        "webhook_signature_wrong",
        f"{what}: check BILLSTREAM_GATEWAY_WEBHOOK_SECRET; nothing was changed",
    )
