"""What the environment says. Read once, at the edge; nothing inside looks at the environment."""

import os
from collections.abc import Mapping
from typing import NamedTuple

DEFAULT_DATABASE = "sqlite:///billstream.db"


class Settings(NamedTuple):
    """`requested_by` is who asks when a command does not say. Without `kafka_bootstrap_servers`
    nothing goes over Kafka; its other settings are in `infra.kafka.settings`. `http_address` is
    where `billstream run` answers health checks and metrics.
    """

    database_url: str
    topic_prefix: str
    requested_by: str
    kafka_bootstrap_servers: str
    http_address: str


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: `BILLSTREAM_…` variables, or their defaults."""
    found = os.environ if environment is None else environment
    return Settings(
        database_url=found.get("BILLSTREAM_DATABASE_URL") or DEFAULT_DATABASE,
        topic_prefix=found.get("BILLSTREAM_TOPIC_PREFIX") or "billstream",
        requested_by=found.get("BILLSTREAM_REQUESTED_BY") or found.get("USER") or "operator",
        kafka_bootstrap_servers=found.get("BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS") or "",
        http_address=found.get("BILLSTREAM_HTTP_ADDRESS") or "127.0.0.1:8080",
    )
