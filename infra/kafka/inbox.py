"""Topic `commands` as the consumer group of the command consumers reads it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from consumers.commands_in import Incoming, Reason
from infra.kafka import clients
from infra.kafka.clients import translated
from infra.kafka.dead_letters import dead_letter
from infra.kafka.settings import KafkaSettings
from infra.kafka.topics import LARGE
from infra.kafka.work_queue import SESSION_MS, close
from schemas import topics as names
from schemas.headers import CommandHeaders, EventHeaders, write_event
from schemas.replies import Refused, encode_reply, reply_type
from schemas.wire import Codec

if TYPE_CHECKING:
    from kafka import FutureRecordMetadata, KafkaProducer

POLL_MS = 500
AT_ONCE = 100
"""Messages taken before their offsets are committed."""

_OF_HISTORY = ("position", "stream_version")
"""Headers that only a reply from history has."""

log = structlog.get_logger()


class KafkaInbox:
    """Implements `consumers.commands_in.Inbox`. `called` are the topics' names on the broker."""

    def __init__(
        self,
        settings: KafkaSettings,
        called: dict[str, str],
        codec: Codec,
        session_ms: int = SESSION_MS,
    ) -> None:
        self._settings = settings
        self._called = called
        self._codec = codec
        self._sent: list[FutureRecordMetadata] = []
        self._topic = called[names.COMMANDS]
        self._consumer = clients.consumer(
            settings,
            self._topic,
            group_id=group_of(settings),
            max_poll_records=AT_ONCE,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
        )

    def receive(self) -> Sequence[Incoming]:
        with translated(self._settings):
            found = self._consumer.poll(timeout_ms=POLL_MS)
        return [
            Incoming(one.partition, one.offset, one.key, one.value, one.headers)
            for some in found.values()
            for one in some
        ]

    def put_aside(self, message: Incoming, reason: Reason) -> None:
        letter = dead_letter(message, self._topic, reason, datetime.now(UTC))
        topic = self._called[names.DEAD_LETTERS]
        with translated(self._settings):
            self._sent.append(self._producer.send(topic, letter.value, letter.key, letter.headers))

    def reply(self, message: Incoming, headers: CommandHeaders, reply: Refused) -> None:
        value = encode_reply(self._codec, reply, headers.content_type)
        above = EventHeaders(
            id=f"{self._topic}/{message.partition}/{message.offset}",
            type=reply_type(reply),
            source=self._settings.topic_prefix,
            time=datetime.now(UTC),
            content_type=headers.content_type,
            correlation_id=headers.correlation_id,
            causation_id="",
            position=0,
            stream_version=0,
            hash=b"",
        )
        topic = self._called[names.REPLIES]
        with translated(self._settings):
            pairs = [pair for pair in write_event(above) if pair[0] not in _OF_HISTORY]
            self._sent.append(self._producer.send(topic, value, headers.id.encode(), pairs))

    def done(self, messages: Sequence[Incoming]) -> None:
        from kafka import OffsetAndMetadata, TopicPartition
        from kafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError

        self._flush()
        offsets = {
            TopicPartition(self._topic, one.partition): OffsetAndMetadata(one.offset + 1)
            for one in messages
        }
        with translated(self._settings):
            try:
                self._consumer.commit(offsets)
            except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError):
                log.warning("commands went to another consumer", topic=self._topic)

    def again(self, messages: Sequence[Incoming]) -> None:
        from kafka import TopicPartition

        for one in reversed(messages):
            with suppress(Exception):  # the partition may be somebody else's by now
                self._consumer.seek(TopicPartition(self._topic, one.partition), one.offset)

    def close(self) -> None:
        if "_producer" in self.__dict__:
            clients.end(self._producer)
        close(self._consumer)

    @cached_property
    def _producer(self) -> "KafkaProducer":
        return clients.producer(self._settings, max_request_size=LARGE, linger_ms=5)

    def _flush(self) -> None:
        sent, self._sent = self._sent, []
        if sent:
            with translated(self._settings):
                self._producer.flush()
                for future in sent:
                    future.get(timeout=clients.DELIVERY_MS / 1000)


def group_of(settings: KafkaSettings) -> str:
    """The consumer group of the command consumers."""
    return f"{settings.topic_prefix}.{names.COMMANDS}"
