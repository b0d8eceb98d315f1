"""Topic `progress`: sent from a thread of its own, so that nothing ever waits for it.

What cannot be sent soon is dropped; only the last message of an execution is asked for until it has
arrived, by whoever tells (`consumers.telling`).
"""

import threading
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from infra.kafka import clients
from infra.kafka.codec import open_codec
from infra.kafka.settings import KafkaSettings
from schemas.progress import ExecutionProgress, encode_progress, progress_headers
from schemas.wire import Codec

if TYPE_CHECKING:
    from kafka import KafkaProducer

SOON = 3.0
"""Seconds in which a message has to be on its way: somebody else may tell what is newer later."""

PAUSE = 2.0
"""Seconds until the next try after one that failed."""

KEPT = 1000
"""Executions of which is kept that their last message has arrived: they are asked for at once. One
that is forgotten before is told once more, and its last message has the same id.
"""

log = structlog.get_logger()


class ProgressSender:
    """Implements `consumers.telling.Announcing`. One message is in flight at a time, so they stay
    in order; none is worth a repetition.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._codec: Codec | None = None
        self._waiting: dict[str, tuple[ExecutionProgress, float]] = {}
        self._arrived: dict[str, None] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._troubled = False
        self._producer = clients.producer(
            settings,
            enable_idempotence=False,
            acks=1,
            retries=0,
            max_in_flight_requests_per_connection=1,
            request_timeout_ms=int(SOON * 900),
            delivery_timeout_ms=int(SOON * 1000),
            max_block_ms=int(SOON * 1000),
        )
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)
        self._thread.start()

    def announce(self, progress: ExecutionProgress) -> None:
        with self._changed:
            self._waiting[progress.execution] = progress, monotonic() + SOON
            self._changed.notify()

    def has_arrived(self, execution: str) -> bool:
        with self._changed:
            return execution in self._arrived

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(SOON)
        clients.end(self._producer)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                progress, until = self._waiting.pop(next(iter(self._waiting)))
            if monotonic() < until:
                self._try(progress)

    def _try(self, progress: ExecutionProgress) -> None:
        try:
            self._send(self._producer, progress)
        except Exception as error:
            if not self._troubled:
                log.warning("progress not sent", reason=str(error)[:500])
            self._troubled = True
            with self._changed:
                self._changed.wait_for(lambda: self._closing, PAUSE)
            return
        self._troubled = False
        if progress.is_last:
            with self._changed:
                self._arrived[progress.execution] = None
                if len(self._arrived) > KEPT:
                    del self._arrived[next(iter(self._arrived))]

    def _send(self, producer: "KafkaProducer", progress: ExecutionProgress) -> None:
        codec = self._codec or open_codec(self._settings)
        self._codec = codec
        producer.send(
            self._topic,
            key=progress.execution.encode(),
            value=encode_progress(codec, progress),
            headers=progress_headers(progress, self._settings.topic_prefix),
        ).get(timeout=SOON)
