"""The gateway as the environment says."""

from commands.gateway import Gateway
from infra.gateway.settings import gateway_settings


def open_gateway() -> Gateway | None:
    """None when there is none: then payments wait until there is one."""
    settings = gateway_settings()
    if not settings.gateway_url:
        return None
    from infra.gateway.payment_intents import PaymentIntents

    key = settings.gateway_key.get_secret_value()
    return PaymentIntents(settings.gateway_url, key, settings.gateway_timeout)
