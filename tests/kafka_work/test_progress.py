"""The topic of progress over a fleet of processes: whatever dies, it stays true."""

import json
import re
import signal
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from aggregates.identity import StreamId, text
from infra.kafka.settings import KafkaSettings, kafka_settings
from infra.kafka.topics import topic_names
from schemas.progress import ExecutionProgress, decode_progress
from schemas.wire import Codec
from tests.kafka.support import read_all
from tests.kafka_work.processes import Fleet, Running, wait_until
from tests.kafka_work.runs import (
    assert_billed_once,
    caught_up,
    chunks_done,
    ended,
    query,
    queue,
    seeded,
    share_work,
)
from tests.support.servers import OwnKafka

ACCOUNTS, A_CHUNK = 6_000, 20
SMALL_CHUNKS = (
    f"import commands.billing.scope as scope; scope.PACKAGES_A_CHUNK = {A_CHUNK}; "
    "from infra.cli.main import main; main()"
)
IMPATIENT = ("--session-timeout", "6")


def settings_of(fleet: Fleet) -> KafkaSettings:
    return kafka_settings(
        kafka_bootstrap_servers=fleet.environment["BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"],
        topic_prefix=fleet.environment["BILLSTREAM_TOPIC_PREFIX"],
    )


def told(fleet: Fleet, execution: StreamId) -> list[ExecutionProgress]:
    """Every message about it, in order, when the last one has come."""
    settings = settings_of(fleet)
    topic = topic_names(settings.topic_prefix, 1)["progress"]

    def look() -> list[ExecutionProgress]:
        found = [decode_progress(Codec(), one.value) for one in read_all(settings, [topic])]
        return found if any(one.is_last for one in found) else []

    messages: list[ExecutionProgress] = wait_until(look, 60, "the last message")
    assert {one.execution for one in messages} == {text(execution)}
    wait_until(lambda: query(fleet, "SELECT count(*) FROM progress_turns") == [(0,)])
    return messages


def has_billed(worker: Running) -> bool:
    found = re.search(
        r"^billstream_packages_billed_total.* (\S+)$", worker.get("/metrics")[1], re.M
    )
    return found is not None and float(found[1]) > 0


def assert_true(fleet: Fleet, execution: StreamId, messages: Sequence[ExecutionProgress]) -> None:
    """At most one a second, nothing goes back, the end is what the execution says, and the
    workers' parts make the whole.
    """
    *running, last = messages
    assert [one.status for one in running] == ["running"] * len(running)
    for one, later in pairwise(running):
        assert (later.at - one.at).total_seconds() > 0.9
    took = (last.at - running[0].at).total_seconds()
    assert len(running) <= took + 1
    for one, later in pairwise(messages):
        assert later.chunks_done >= one.chunks_done
        assert later.packages_billed >= one.packages_billed
        assert later.invoices_generated >= one.invoices_generated
        before = {share.worker: share.packages_billed for share in one.workers}
        now = {share.worker: share.packages_billed for share in later.workers}
        assert all(now[worker] >= billed for worker, billed in before.items())
    for one in messages:
        assert one.chunks == ACCOUNTS // A_CHUNK
        assert sum(share.packages_billed for share in one.workers) == one.packages_billed
        assert sum(share.chunks_done for share in one.workers) == one.chunks_done
    shown: dict[str, Any] = json.loads(fleet.must("execution", "show", text(execution), "--json"))
    assert (last.status, last.chunks_done) == ("completed", last.chunks)
    for count in (
        "status", "packages_billed", "cycles_billed", "invoices_generated", "failed", "left_behind"
    ):  # fmt: skip
        assert getattr(last, count) == shown[count]


def test_progress_while_workers_and_a_scheduler_are_killed(owner: Fleet) -> None:
    seeded(owner, ACCOUNTS)
    schedulers = [owner.start("scheduler", program=SMALL_CHUNKS) for _ in range(2)]
    workers = [owner.start("worker", more=IMPATIENT) for _ in range(3)]
    relay = owner.start("relay", "projector")
    for one in (*schedulers, *workers, relay):
        one.ready()
    wait_until(lambda: share_work(settings_of(owner), len(workers)))
    execution = queue(owner)
    wait_until(lambda: chunks_done(owner) >= 30 and all(map(has_billed, workers)))
    workers[0].kill()
    wait_until(lambda: chunks_done(owner) >= 60)
    workers[1].send(signal.SIGSTOP)
    schedulers[0].kill()
    wait_until(lambda: chunks_done(owner) >= 90)
    workers[1].send(signal.SIGCONT)
    state = ended(owner, execution)
    assert (state.counts.packages_billed, state.counts.failed) == (ACCOUNTS, 0)
    assert_billed_once(owner, ACCOUNTS)
    caught_up(owner)
    messages = told(owner, execution)
    assert_true(owner, execution, messages)
    assert len(messages[-1].workers) == 3
    pids = {int(share.worker.rpartition(":")[2]) for share in messages[-1].workers}
    assert pids == {one.process.pid for one in workers}


def test_progress_after_everything_died_and_was_started_again(owner: Fleet) -> None:
    """It begins with what was done; what dead workers did stays theirs."""
    seeded(owner, ACCOUNTS)
    first = owner.start("scheduler", "worker", program=SMALL_CHUNKS, more=IMPATIENT).ready()
    execution = queue(owner)
    wait_until(lambda: chunks_done(owner) >= 50)
    first.kill()
    done = chunks_done(owner)
    second = owner.start(
        "scheduler", "worker", "relay", "projector", program=SMALL_CHUNKS, more=IMPATIENT
    ).ready()
    ended(owner, execution)
    assert_billed_once(owner, ACCOUNTS)
    caught_up(owner)
    messages = told(owner, execution)
    assert_true(owner, execution, messages)
    parts = {int(one.worker.rpartition(":")[2]): one for one in messages[-1].workers}
    assert set(parts) == {first.process.pid, second.process.pid}
    assert parts[first.process.pid].chunks_done == done
    assert second.stop() == 0


def test_progress_when_the_broker_is_killed_in_the_middle(
    own_owner: Fleet, own_kafka: OwnKafka
) -> None:
    seeded(own_owner, ACCOUNTS)
    roles = ("relay", "projector", "worker", "scheduler")
    running = own_owner.start(*roles, more=IMPATIENT, program=SMALL_CHUNKS).ready()
    execution = queue(own_owner)
    wait_until(lambda: chunks_done(own_owner) >= 30)
    own_kafka.server.kill()
    wait_until(lambda: running.get("/readyz")[0] == 503)
    own_kafka.server.start()
    ended(own_owner, execution)
    assert_billed_once(own_owner, ACCOUNTS)
    # What the broker had begun when it died may hold readers up for a transaction's longest time.
    caught_up(own_owner, settings_of(own_owner).kafka_transaction_timeout * 3)
    assert_true(own_owner, execution, told(own_owner, execution))
    assert running.stop() == 0
