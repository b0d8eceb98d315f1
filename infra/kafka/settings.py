"""How Kafka is reached, from the environment. Secrets are never shown, in logs, errors or help."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aggregates.refusal import Refusal

LONGEST_PREFIX = 100

TOPIC_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


_FILES = ("cafile", "certfile", "keyfile")


class Hidden(str):
    """A secret on its way to kafka-python, which writes what it was given to its debug log."""

    def __repr__(self) -> str:
        return "'***'"


class KafkaSettings(BaseSettings):
    """`BILLSTREAM_KAFKA_…` and the prefix of the owner's topics and groups (decision 31)."""

    model_config = SettingsConfigDict(
        env_prefix="BILLSTREAM_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    topic_prefix: str = Field("billstream", max_length=LONGEST_PREFIX, pattern=f"^{TOPIC_NAME}$")
    kafka_bootstrap_servers: str = ""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    kafka_ssl_key_password: SecretStr = SecretStr("")
    kafka_partitions: int = Field(6, ge=1, le=1000)
    """Partitions of every topic that is spread; event topics keep theirs for ever (decision 25)."""
    kafka_replication: int = Field(-1, ge=-1, le=32)
    """Replicas of every topic; -1 is what the broker does by default."""
    kafka_min_insync: int = Field(0, ge=0, le=32)
    """Replicas that must have a message before it counts; 0 is what the broker does by default."""
    kafka_transaction_timeout: float = Field(60.0, ge=1, le=900)
    """Seconds after which the broker ends a transaction of a relay that hangs: so long a reader of
    committed messages may have to wait for what came after it."""

    schema_registry_url: SecretStr = SecretStr("")
    """Without it messages carry their schema's fingerprint. User and password may stand in it."""
    schema_registry_username: str = ""
    schema_registry_password: SecretStr = SecretStr("")
    schema_registry_cafile: str = ""
    schema_registry_certfile: str = ""
    schema_registry_keyfile: str = ""
    schema_registry_key_password: SecretStr = SecretStr("")

    @field_validator(
        *(f"{of}_{what}" for of in ("kafka_ssl", "schema_registry") for what in _FILES)
    )
    @classmethod
    def _there(cls, path: str) -> str:
        if path and not Path(path).is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @model_validator(mode="after")
    def _whole(self) -> "KafkaSettings":
        if self.kafka_security_protocol.startswith("SASL") and not self.kafka_sasl_username:
            raise ValueError("SASL needs BILLSTREAM_KAFKA_SASL_USERNAME and _SASL_PASSWORD")
        return self

    def client(self) -> dict[str, Any]:
        """What every client of kafka-python is given. Holds secrets: keep it out of sight."""
        found: dict[str, Any] = {
            "bootstrap_servers": _servers(self.kafka_bootstrap_servers),
            "security_protocol": self.kafka_security_protocol,
            "ssl_cafile": self.kafka_ssl_cafile or None,
            "ssl_certfile": self.kafka_ssl_certfile or None,
            "ssl_keyfile": self.kafka_ssl_keyfile or None,
            "ssl_password": _hidden(self.kafka_ssl_key_password) or None,
        }
        if self.kafka_security_protocol.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.kafka_sasl_mechanism,
                "sasl_plain_username": self.kafka_sasl_username,
                "sasl_plain_password": _hidden(self.kafka_sasl_password),
            }
        return found


def kafka_settings(**given: Any) -> KafkaSettings:
    """The settings of this process; `given` ones go before the environment's."""
    try:
        found = KafkaSettings(**given)
    except ValidationError as invalid:
        raise Refusal("settings_invalid", _told(invalid)) from None
    if not found.kafka_bootstrap_servers:
        raise Refusal(
            "kafka_missing",
            "no Kafka is configured: set BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS to host:port",
        )
    return found


def _told(invalid: ValidationError) -> str:
    reasons: list[str] = []
    for error in invalid.errors(include_url=False, include_context=False, include_input=False):
        name = "_".join(str(part) for part in error["loc"]).upper()
        said = error["msg"].removeprefix("Value error, ")
        reasons.append(f"BILLSTREAM_{name}: {said}" if name else said)
    return "; ".join(reasons)


def _hidden(secret: SecretStr) -> Hidden:
    return Hidden(secret.get_secret_value())


def _servers(text: str) -> list[str]:
    return [server.strip() for server in text.split(",") if server.strip()]
