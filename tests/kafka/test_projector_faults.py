"""A projector whose database goes away for a moment lacks nothing afterwards."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

from consumers.projector import Part, Projector, Stretch
from infra.kafka.roles import open_relay
from infra.kafka.topic_reader import TopicReader
from infra.kafka.topics import topic_names
from infra.store.errors import StoreError
from infra.store.owned import OwnedStore
from infra.views.compare import compare_with_rebuild
from infra.views.from_topics import TopicViews
from infra.views.offsets import all_offsets
from schemas.topics import EVENT_TOPICS
from schemas.wire import Codec
from tests.kafka.support import drain, make_topics, seeded, settings_of
from tests.support import seed
from tests.support.servers import KafkaServer


def _read(store: OwnedStore, partitions: int) -> int:
    """The position up to which everything was read."""
    found = all_offsets(store.views_database())
    return min((one.reached for one in found), default=0) if len(found) == partitions else 0


class Away(TopicViews):
    """Every third batch, and now and then a question where to begin, finds no database."""

    batches = questions = 0

    def apply(self, stretches: Sequence[Stretch]) -> bool:
        self.batches += 1
        if self.batches % 3 == 1:
            raise StoreError("database_unreachable", "it is away")
        return super().apply(stretches)

    def start(self, part: Part, first: int, end: int) -> int:
        self.questions += 1
        if self.questions % 37 == 5:
            raise StoreError("database_unreachable", "it is away")
        return super().start(part, first, end)


def test_what_was_polled_when_the_database_was_away_is_read_again(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    settings, store = settings_of(kafka), seeded(tmp_path, 200)
    make_topics(settings)
    called = topic_names(settings.topic_prefix, 1)
    topics = {carries: called[carries] for carries in EVENT_TOPICS}
    views = Away(store, topics.values())
    projector = Projector(
        lambda start: TopicReader(
            settings, topics, f"{settings.topic_prefix}.projectors", start, most_bytes=10_000
        ),
        views,
        Codec(),
        clock=monotonic,
    )
    with closing(open_relay(store, settings)) as relay:
        for first in range(200, 600, 20):
            seed.add_accounts(store, 20, first=first)
            drain(relay.step)
    faults = 0
    with closing(projector):
        until = monotonic() + 60
        while _read(store, 3 * len(topics)) < store.head.position:
            assert monotonic() < until
            try:
                projector.step()
            except StoreError:
                faults += 1
    assert faults > 5
    assert compare_with_rebuild(store).differences == []
    assert list(store.views_database().rows("SELECT count(*) FROM view_accounts")) == [(600,)]
    store.close()
