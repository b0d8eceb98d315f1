"""What the environment says about the payment gateway: `BILLSTREAM_GATEWAY_…`."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aggregates.refusal import Refusal


class GatewaySettings(BaseSettings):
    """Without `gateway_url` nothing is charged and payments wait. `gateway_timeout` is in seconds;
    an answer that takes longer is asked for again.
    """

    model_config = SettingsConfigDict(
        env_prefix="BILLSTREAM_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    gateway_url: str = ""
    gateway_key: SecretStr = SecretStr("")
    gateway_webhook_secret: SecretStr = SecretStr("")
    gateway_timeout: float = 20.0


def gateway_settings() -> GatewaySettings:
    """The settings of this process; refused when a value makes no sense."""
    from pydantic import ValidationError

    try:
        found = GatewaySettings()
    except ValidationError as invalid:
        names = ", ".join(f"BILLSTREAM_{str(e['loc'][0]).upper()}" for e in invalid.errors())
        raise _invalid(f"{names} cannot be read: write seconds as a number") from None
    if found.gateway_url and not found.gateway_url.startswith(("http://", "https://")):
        raise _invalid("BILLSTREAM_GATEWAY_URL is no address: write it like https://…")
    if found.gateway_url and not found.gateway_key.get_secret_value():
        raise _invalid("BILLSTREAM_GATEWAY_KEY is missing: the gateway wants to know who asks")
    if not 0 < found.gateway_timeout <= 300:
        raise _invalid("BILLSTREAM_GATEWAY_TIMEOUT must lie above 0 and up to 300 seconds")
    return found


def _invalid(sentence: str) -> Refusal:
    return Refusal("gateway_settings_invalid", sentence)
