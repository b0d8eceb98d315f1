"""Dead letters: messages that were not done, with the reason above them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from aggregates.refusal import Refusal
from consumers.commands_in import Incoming, Reason
from infra.kafka import clients
from infra.kafka.clients import KafkaUnreachable, translated
from infra.kafka.settings import KafkaSettings
from infra.kafka.topics import LARGE, topic_missing, topic_names
from schemas import topics as names

if TYPE_CHECKING:
    from kafka import KafkaConsumer
    from kafka.structs import TopicPartition

CODE = "dead_letter_code"
REASON = "dead_letter_reason"
CAME_FROM = "dead_letter_from"
AT = "dead_letter_at"
NULLS = "dead_letter_null_headers"
RESENT = "dead_letter_resent"
CUT = "dead_letter_cut"

OURS = frozenset({CODE, REASON, CAME_FROM, AT, NULLS, CUT})
LONGEST_REASON = 2_000

ROOM = LARGE - 64 * 1024
"""Bytes of a letter at most, beside ours."""
POLL_MS = 10_000


class Sendable(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class DeadLetter(NamedTuple):
    """`id` is where it lies, `source` where it came from: topic/partition/offset."""

    id: str
    code: str
    reason: str
    source: str
    at: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    cut: int = 0
    """Bytes it had when it was larger than a letter may be: only its beginning is kept, and all
    of it lies where it came from. 0: it is whole.
    """

    def text(self, header: str) -> str:
        """A header of the original message as text, as far as it is any."""
        found = next((value for name, value in self.headers if name == header), None)
        return (found or b"").decode(errors="replace")


def dead_letter(message: Incoming, topic: str, reason: Reason, now: datetime) -> Sendable:
    """The message as it came, and ours above it. No bytes at all stay no bytes, but for a header:
    Kafka's library sends none without a value, so those are named. Of one that a topic of commands
    with larger messages than ours let through, the beginning: it must not block what comes after.
    """
    size = _size(message)
    if size > ROOM:
        message = _beginning(message)
    nulls = [str(index) for index, (_, value) in enumerate(message.headers) if value is None]
    headers: list[tuple[str, bytes | None]] = [
        (name, value or b"") for name, value in message.headers
    ]
    written = {
        CODE: reason.code,
        REASON: reason.sentence[:LONGEST_REASON],
        CAME_FROM: f"{topic}/{message.partition}/{message.offset}",
        AT: now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        NULLS: ",".join(nulls),
        CUT: str(size) if size > ROOM else "",
    }
    ours = [(name, text.encode(errors="replace")) for name, text in written.items() if text]
    key = message.key
    if key is None and message.value is None:
        key = b""
    return Sendable(key, message.value, [*headers, *ours])


def _size(message: Incoming) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers


def _beginning(message: Incoming) -> Incoming:
    """A thousand bytes of everything, and of the value more."""
    key, value = message.key, message.value
    return message._replace(
        key=None if key is None else key[:1000],
        value=None if value is None else value[: ROOM // 2],
        headers=[(name[:200], (value or b"")[:1000]) for name, value in message.headers[:100]],
    )


def read_letter(partition: int, offset: int, record: Any) -> DeadLetter:
    """A record of the topic taken apart."""
    pairs: list[tuple[str, bytes | None]] = list(record.headers)
    mine = {name: (value or b"").decode(errors="replace") for name, value in pairs if name in OURS}
    headers = [pair for pair in pairs if pair[0] not in OURS]
    for index in (int(text) for text in mine.get(NULLS, "").split(",") if text):
        headers[index] = (headers[index][0], None)
    return DeadLetter(
        f"{partition}-{offset}",
        mine.get(CODE, ""),
        mine.get(REASON, ""),
        mine.get(CAME_FROM, ""),
        mine.get(AT, ""),
        record.key,
        record.value,
        headers,
        int(mine.get(CUT) or 0),
    )


def letters(settings: KafkaSettings) -> Iterator[DeadLetter]:
    """Every dead letter that is still there, oldest first."""
    from kafka.structs import TopicPartition

    topic = topic_names(settings.topic_prefix, 1)[names.DEAD_LETTERS]
    consumer = clients.consumer(settings)
    try:
        with translated(settings):
            partitions = consumer.partitions_for_topic(topic)
            if partitions is None:
                raise topic_missing([topic])
            for partition in sorted(partitions):
                yield from _read(consumer, TopicPartition(topic, partition), None)
    finally:
        consumer.close()


def letter(settings: KafkaSettings, id: str) -> DeadLetter:
    """One of them."""
    from kafka.structs import TopicPartition

    topic = topic_names(settings.topic_prefix, 1)[names.DEAD_LETTERS]
    partition, _, offset = id.partition("-")
    consumer = clients.consumer(settings)
    try:
        with translated(settings):
            known = consumer.partitions_for_topic(topic) or set()
            if partition.isdecimal() and offset.isdecimal() and int(partition) in known:
                place = TopicPartition(topic, int(partition))
                for found in _read(consumer, place, int(offset)):
                    if found.id == id:
                        return found
                    break
    finally:
        consumer.close()
    raise Refusal(
        "dead_letter_unknown",
        f"there is no dead letter {id!r}, or it has expired: `billstream dead-letters list` shows "
        "those that are there",
        id=id,
    )


def _read(
    consumer: "KafkaConsumer", place: "TopicPartition", start: int | None
) -> Iterator[DeadLetter]:
    consumer.assign([place])
    end = consumer.end_offsets([place])[place]
    begin = consumer.beginning_offsets([place])[place]
    if start is not None and not begin <= start < end:
        return
    consumer.seek(place, begin if start is None else start)
    while (at := consumer.position(place)) < end:
        records = consumer.poll(timeout_ms=POLL_MS).get(place, [])
        if not records and consumer.position(place) == at:
            raise KafkaUnreachable("kafka_unreachable", f"Kafka does not give {place.topic}")
        for record in records:
            yield read_letter(place.partition, record.offset, record)


def resend(settings: KafkaSettings, found: Sequence[DeadLetter], new_id: bool) -> int:
    """Sends messages to the commands again, as they came. With `new_id` under an id of their own:
    a command that was refused once is refused for ever.
    """
    cut = [one.id for one in found if one.cut]
    if cut:
        raise Refusal(
            "dead_letter_cut",
            f"of dead letter {cut[0]} only the beginning is kept, for it was too large: let its "
            "sender send a smaller one",
            ids=cut,
        )
    topic = topic_names(settings.topic_prefix, 1)[names.COMMANDS]
    producer = clients.producer(settings)
    try:
        with translated(settings):
            sent = [
                producer.send(topic, one.value, one.key, _headers(one, new_id)) for one in found
            ]
            producer.flush()
            for future in sent:
                future.get(timeout=clients.DELIVERY_MS / 1000)
    finally:
        clients.end(producer)
    return len(found)


def _headers(letter: DeadLetter, new_id: bool) -> list[tuple[str, bytes | None]]:
    headers: list[tuple[str, bytes | None]] = []
    for name, value in letter.headers:
        if name == RESENT:
            continue
        if new_id and name == "ce_id":
            value = (value or b"") + b"/resent-" + letter.id.encode()
        headers.append((name, value or b""))
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    return [*headers, (RESENT, f"{letter.id} {stamp}".encode())]
