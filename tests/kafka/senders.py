"""Services that send commands, as another program would: with kafka-python and nothing of ours."""

import json
from datetime import datetime
from typing import Any

from kafka import KafkaProducer

from infra.kafka.settings import KafkaSettings

SCHEDULE = "billstream.schedule_bill_run.v1"

PERIOD = {"start": "2020-10-01", "end": "2020-10-31"}


def body(**more: Any) -> dict[str, Any]:
    """The command of the interface's example."""
    return {"bill_run": "Default", "timing": "now", "billing_period": PERIOD, **more}


def headers(id: str, type: str = SCHEDULE, source: str = "crm") -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_type", type.encode()),
        ("ce_source", source.encode()),
        ("content-type", b"application/json"),
    ]


class Sender:
    """A producer of a service. Use `send`, then `flush`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.topic = f"{settings.topic_prefix}.commands"
        self._producer = KafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap_servers, max_request_size=4_000_000
        )

    def send(
        self, id: str, what: dict[str, Any], type: str = SCHEDULE, at: datetime | None = None
    ) -> None:
        self.send_raw(json.dumps(what).encode(), headers(id, type), at=at)

    def send_raw(
        self,
        value: bytes | None,
        above: list[tuple[str, bytes]],
        key: bytes | None = None,
        partition: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """`at` is when the record says that it was sent: now, unless told."""
        sent = None if at is None else int(at.timestamp() * 1000)
        self._producer.send(self.topic, value, key or b"k", list(above), partition, sent)

    def flush(self) -> None:
        self._producer.flush(timeout=30)

    def close(self) -> None:
        self._producer.close(timeout=5)
