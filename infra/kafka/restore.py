"""`billstream restore finish`: from a restored database to topics that agree with it."""

from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from aggregates.refusal import Refusal
from commands.message import Command
from commands.restoring import Published, finish_restore
from consumers.relay import Mark, check_anchor, starting_mark
from infra.kafka import clients, topics
from infra.kafka.history import StoredHistory, identity_of
from infra.kafka.inbox import group_of
from infra.kafka.marks import last_mark
from infra.kafka.settings import KafkaSettings
from infra.kafka.start import begin, cluster_of
from infra.kafka.tie import tie
from infra.store.owned import OwnedStore
from schemas.topics import COMMANDS


class Finished(NamedTuple):
    """`lost` is how many events were published and are in no database any more;
    `next_credit_note` is 0 where no credit note was ever made.
    """

    generation: int
    next_number: int
    next_credit_note: int
    lost: int
    topics: list[str]


def finish(store: OwnedStore, settings: KafkaSettings, command: Command) -> Finished:
    """Begins a new epoch, makes its topics and ties the database to them. Refused when nothing
    was restored.
    """
    admin = clients.admin(settings)
    try:
        cluster = cluster_of(admin, settings)
        known = topics.specs(settings, 1)
        relay = known[topics.RELAY]
        if relay.name not in topics.found_topics(admin, settings, [relay.name]):
            topics.create(admin, settings, [relay])
        mark = last_mark(settings)
        _check_needed(store, mark)
        published = _published(mark)
        outcome = finish_restore(store, command, published, str(uuid4()))
        generation = identity_of(store).generation
        made = topics.create_missing(admin, settings, generation)
    finally:
        admin.close()
    tie(store, settings, cluster)
    head = store.head.position - 1
    lost = max(0, published.position - head)
    following = int(outcome.result["next_number"])
    return Finished(generation, following, int(outcome.result["next_credit_note"]), lost, made)


def read_again(store: OwnedStore, settings: KafkaSettings, since: datetime | None) -> int:
    """Sets the command consumers back to what was sent since a time (None: to the beginning);
    how many messages they will read again. They never skip any. Refused while one of them runs.
    """
    from kafka import OffsetAndMetadata, TopicPartition
    from kafka.errors import CommitFailedError, UnknownMemberIdError

    topic = begin(store, settings, [COMMANDS])[COMMANDS]
    consumer = clients.consumer(settings, group_id=group_of(settings))
    try:
        with clients.translated(settings):
            places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            read = {place: consumer.committed(place) or 0 for place in places}
            start = consumer.beginning_offsets(places)
            if since is not None:
                wanted = int(since.timestamp() * 1000)
                found = consumer.offsets_for_times(dict.fromkeys(places, wanted))
                start = {place: at.offset if at else read[place] for place, at in found.items()}
            back = {place: start[place] for place in places if start[place] < read[place]}
            try:
                consumer.commit({place: OffsetAndMetadata(at) for place, at in back.items()})
            except (CommitFailedError, UnknownMemberIdError):
                raise Refusal(
                    "commands_running",
                    "a consumer of commands runs: stop every `billstream run` with the role "
                    "`commands`, and ask again",
                ) from None
    finally:
        consumer.close(autocommit=False)
    return sum(read[place] - at for place, at in back.items())


def _published(mark: Mark | None) -> Published:
    if mark is None:
        return Published(0, 0, 0, 0)
    return Published(mark.position, mark.invoices, mark.credit_notes, mark.generation)


def _check_needed(store: OwnedStore, mark: Mark | None) -> None:
    history = StoredHistory(store)
    if mark is None:
        return
    try:
        start = starting_mark(mark, history.identity())
        check_anchor(start, history.read(start.position, 1, 1))
    except Refusal as refusal:
        if refusal.code == "history_behind_topics":
            return
        raise
    raise Refusal(
        "nothing_restored",
        "the topics agree with this history: there is nothing to finish",
        position=mark.position,
    )
