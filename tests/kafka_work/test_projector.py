"""Views that follow topics are what a rebuild from history would be, whatever happens."""

import random
import signal
from contextlib import closing
from functools import partial

from aggregates.execution import FINISHED
from aggregates.identity import StreamId
from infra.store.open import open_store
from infra.views.compare import compare_with_rebuild
from tests.kafka_work.processes import Fleet, wait_until
from tests.kafka_work.runs import (
    caught_up,
    ended,
    query,
    queue,
    seeded,
    state_of,
    url_of,
)


def projected(fleet: Fleet) -> int:
    """Messages that views have read."""
    return int(query(fleet, "SELECT coalesce(sum(next), 0) FROM view_offsets")[0][0])


def has_projected(fleet: Fleet, messages: int) -> bool:
    return projected(fleet) >= messages


def has_projected_or_ended(fleet: Fleet, messages: int, execution: StreamId) -> bool:
    """Where the run ends first there may never be as many."""
    return has_projected(fleet, messages) or state_of(fleet, execution).status in FINISHED


def assert_as_rebuilt(fleet: Fleet) -> None:
    """Row by row, from where each partition stands."""
    with closing(open_store(url_of(fleet))) as store:
        assert compare_with_rebuild(store).differences == []


def test_views_follow_topics_and_a_killed_projector_goes_on(owner: Fleet) -> None:
    seeded(owner, 1_500)
    owner.start("relay", "worker", "scheduler").ready()
    projector = owner.start("projector", more=("--session-timeout", "6")).ready()
    execution = queue(owner)
    moments = random.Random(7)
    for _ in range(3):
        aim = projected(owner) + moments.randrange(1, 600)
        wait_until(partial(has_projected_or_ended, owner, aim, execution))
        projector.kill()
        assert_as_rebuilt(owner)
        projector = owner.start("projector", more=("--session-timeout", "6")).ready()
    ended(owner, execution)
    caught_up(owner)
    assert_as_rebuilt(owner)
    assert query(owner, "SELECT count(*) FROM view_invoices") == [(1_500,)]
    owner.must("verify")
    assert {row[0] for row in query(owner, "SELECT feed FROM views WHERE live = 1")} == {"kafka"}


def test_a_paused_projector_that_wakes_up_late_changes_nothing(owner: Fleet) -> None:
    """While it sleeps, another has its partitions; what it still held is not written again."""
    seeded(owner, 600)
    owner.start("relay", "worker", "scheduler").ready()
    sleeper = owner.start("projector", more=("--session-timeout", "6")).ready()
    caught_up(owner)
    first = queue(owner)
    sleeper.send(signal.SIGSTOP)
    owner.start("projector", more=("--session-timeout", "6")).ready()
    ended(owner, first)
    caught_up(owner)
    sleeper.send(signal.SIGCONT)
    wait_until(lambda: sleeper.get("/readyz")[0] == 200)
    owner.must("views", "rebuild", "accounts")
    caught_up(owner)
    assert_as_rebuilt(owner)
    assert sleeper.stop() == 0
