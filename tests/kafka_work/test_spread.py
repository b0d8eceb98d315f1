"""A run spread over processes comes out the same whatever dies."""

import signal

from tests.kafka_work.processes import Fleet, wait_until
from tests.kafka_work.runs import (
    assert_billed_once,
    caught_up,
    chunks_done,
    ended,
    query,
    queue,
    seeded,
    state_of,
)
from tests.support.servers import OwnKafka

ACCOUNTS = 4_000


def test_workers_killed_and_paused_and_two_schedulers(owner: Fleet) -> None:
    """One worker is killed, one is paused past its session time-out and goes on later."""
    seeded(owner, ACCOUNTS)
    schedulers = [owner.start("scheduler") for _ in range(2)]
    workers = [owner.start("worker", more=("--session-timeout", "6")) for _ in range(3)]
    for one in (*schedulers, *workers):
        one.ready()
    execution = queue(owner)
    wait_until(lambda: chunks_done(owner) >= 1)
    workers[0].kill()
    workers[1].send(signal.SIGSTOP)
    state = ended(owner, execution)
    workers[1].send(signal.SIGCONT)
    assert (state.counts.packages_billed, state.counts.invoices_generated) == (ACCOUNTS, ACCOUNTS)
    assert (state.status, state.counts.failed) == ("completed", 0)
    assert_billed_once(owner, ACCOUNTS)
    wait_until(lambda: query(owner, "SELECT count(*) FROM work_attempts") == [(0,)])
    for one in (*schedulers, workers[1], workers[2]):
        assert one.stop() == 0
    assert state_of(owner, execution) == state


def test_a_broker_that_is_killed_and_comes_back(own_owner: Fleet, own_kafka: OwnKafka) -> None:
    """In the middle of a run and of everything that follows it."""
    seeded(own_owner, ACCOUNTS)
    roles = ("relay", "projector", "worker", "scheduler")
    running = [own_owner.start(*roles, more=("--session-timeout", "6")) for _ in range(2)]
    for one in running:
        one.ready()
    execution = queue(own_owner)
    wait_until(lambda: chunks_done(own_owner) >= 1)
    own_kafka.server.kill()
    wait_until(lambda: any(one.get("/readyz")[0] == 503 for one in running))
    own_kafka.server.start()
    state = ended(own_owner, execution)
    assert state.counts.invoices_generated == ACCOUNTS
    assert_billed_once(own_owner, ACCOUNTS)
    caught_up(own_owner)
    own_owner.must("verify")
    for one in running:
        assert one.process.poll() is None
        assert one.stop() == 0
