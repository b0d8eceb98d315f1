"""Work over Kafka: topic `work`, read by the consumer group of the workers.

A chunk's offset is committed after its transaction. Losing the commit, or the partition, makes the
message come again: the worker then finds the chunk done.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog

from consumers.work import Taken, Work, decode, encode
from infra.kafka import clients
from infra.kafka.settings import KafkaSettings

SESSION_MS = 10_000
"""After this long without a sign of life a member's partitions go to others."""

log = structlog.get_logger()


class WorkSender:
    """Implements `consumers.work.Sending`."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._producer = clients.producer(settings, linger_ms=5)

    def send(self, work: Iterable[Work]) -> None:
        with clients.translated(self._settings):
            sent = [
                self._producer.send(
                    self._topic,
                    key=one.key.encode(),
                    value=encode(one),
                    headers=[("content-type", b"application/json")],
                )
                for one in work
            ]
            self._producer.flush()
            for future in sent:
                future.get(timeout=clients.DELIVERY_MS / 1000)

    def close(self) -> None:
        self._producer.close(timeout=2)


class WorkQueue:
    """Implements `consumers.work.Queue`."""

    def __init__(
        self, settings: KafkaSettings, topic: str, group: str, session_ms: int = SESSION_MS
    ) -> None:
        self._settings = settings
        self._consumer = clients.consumer(
            settings,
            topic,
            group_id=group,
            max_poll_records=1,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
        )

    def take(self, wait: float) -> Taken | None:
        with clients.translated(self._settings):
            found = self._consumer.poll(timeout_ms=int(wait * 1000), max_records=1)
        for place, records in found.items():
            for record in records:
                return Taken(decode(record.value), (place, record.offset))
        return None

    def done(self, taken: Taken) -> None:
        """Who lost the partition meanwhile keeps silent: the message comes again to its owner."""
        from kafka import OffsetAndMetadata
        from kafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError

        place, offset = taken.mark
        with clients.translated(self._settings):
            try:
                self._consumer.commit({place: OffsetAndMetadata(offset + 1)})
            except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError):
                log.warning("work went to another worker", partition=place.partition)

    def again(self, taken: Taken) -> None:
        place, offset = taken.mark
        with suppress(Exception):  # the partition may be somebody else's by now
            self._consumer.seek(place, offset)

    def close(self) -> None:
        close(self._consumer)


def close(consumer: Any) -> None:
    """Leaves the group, within a time that an unreachable broker cannot stretch."""
    with suppress(Exception):
        consumer.close(autocommit=False, timeout_ms=3000)
