"""The topics as a relay writes them: one Kafka transaction a batch, the position in it."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aggregates.refusal import Refusal
from consumers.publishing import Message
from consumers.relay import Mark, Parcel
from infra.kafka import clients, topics
from infra.kafka.clients import KafkaUnreachable, translated
from infra.kafka.marks import MARK_KEY, encode_mark, last_mark
from infra.kafka.packing import failure, hand_over, pack
from infra.kafka.settings import KafkaSettings
from schemas import topics as names

if TYPE_CHECKING:
    from kafka import KafkaProducer

BATCH_BYTES = 512 * 1024
PATIENCE = 0.75
"""Part of a transaction's longest time after which a step of it is given up: it is aborted and
begun again.
"""


class KafkaEventLog:
    """Implements `consumers.relay.EventLog`. `me` tells this relay from others."""

    def __init__(self, settings: KafkaSettings, me: str) -> None:
        self._settings = settings
        self._me = me
        self._called: dict[str, str] = {}
        self._partitions: dict[str, int] = {}
        self._producer: KafkaProducer | None = None
        self._begun = 0.0
        self._longest = settings.kafka_transaction_timeout
        self._patience = PATIENCE * self._longest

    @property
    def transactional_id(self) -> str:
        return f"{self._settings.topic_prefix}.{topics.RELAY}"

    def look(self) -> Mark | None:
        return last_mark(self._settings)

    def open(self) -> Mark | None:
        self.close()
        self._producer = clients.producer(
            self._settings,
            transactional_id=self.transactional_id,
            transaction_timeout_ms=int(self._longest * 1000),
            batch_size=BATCH_BYTES,
            linger_ms=5,
            max_request_size=topics.LARGE,
        )
        with translated(self._settings):
            self._producer.init_transactions()
        return self.look()

    def use(self, generation: int, kept: dict[str, int]) -> dict[str, int]:
        self._called = topics.topic_names(self._settings.topic_prefix, generation)
        wanted = topics.specs(self._settings, generation)
        mine = [wanted[topic] for topic in (*names.EVENT_TOPICS, names.REPLIES)]
        admin = clients.admin(self._settings)
        try:
            self._partitions = topics.check(admin, self._settings, mine, kept)
        finally:
            admin.close()
        return self._partitions

    def pack(self, messages: Sequence[Message]) -> Parcel:
        return Parcel(len(messages), pack(messages, self._called, self._partitions, BATCH_BYTES))

    def publish(self, parcel: Parcel, mark: Mark) -> None:
        from kafka.errors import KafkaError

        assert self._producer is not None
        try:
            self._transaction(self._producer, parcel, mark)
        except KafkaError as error:
            self.close()
            raise self._cause(error) from error

    def close(self) -> None:
        """Leaves the open transaction to the next relay, which aborts it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            clients.end(producer)

    def _transaction(self, producer: "KafkaProducer", parcel: Parcel, mark: Mark) -> None:
        self._begun = time.monotonic()
        producer.begin_transaction()
        batches = hand_over(producer, parcel.content)
        said = producer.send(
            self._called[topics.RELAY], value=encode_mark(mark), key=MARK_KEY, partition=0
        )
        producer.flush(timeout=self._patience)
        if not said.succeeded():
            raise said.exception or KafkaUnreachable("kafka_unreachable", "a mark was not sent")
        failed = next(filter(None, map(failure, batches)), None)
        if failed is not None:
            raise failed
        _within(self._patience, producer.commit_transaction)

    def _cause(self, error: BaseException) -> Refusal:
        """Another relay has begun, or only this transaction has failed. A relay that was paused
        for longer than a transaction may last is fenced by the broker itself: it goes on, unless
        another has taken over meanwhile.
        """
        paused = time.monotonic() - self._begun > self._longest
        fenced = _is_fenced(error)
        if fenced or _is_bumping(error):
            found = last_mark(self._settings) if paused or not fenced else None
            if found is None or found.relay != self._me:
                return Refusal(
                    "relay_fenced",
                    "another relay has begun to publish this history: this one ends; one is enough",
                )
        known = clients.ours(self._settings, error)
        if known.code == "kafka_refused":
            return known
        return KafkaUnreachable("kafka_unreachable", known.sentence)


def _is_fenced(error: BaseException) -> bool:
    from kafka.errors import InvalidProducerEpochError, ProducerFencedError

    inside = [error, *(arg for arg in error.args if isinstance(arg, BaseException))]
    return any(isinstance(one, ProducerFencedError | InvalidProducerEpochError) for one in inside)


def _is_bumping(error: BaseException) -> bool:
    """kafka-python has been told that its epoch is old, and tries to get a newer one."""
    return "BUMPING_PRODUCER_EPOCH" in str(error)


def _within(seconds: float, act: Callable[[], None]) -> None:
    """kafka-python waits for the end of a transaction for as long as it takes; we do not."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise KafkaUnreachable(
            "kafka_unreachable", f"Kafka has not ended a transaction within {seconds:.0f} s"
        )
    if raised:
        raise raised[0]
