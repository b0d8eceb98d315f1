"""All roles in one process: health, metrics, lag, and an orderly end."""

import json
import signal

from tests.kafka_work.processes import Fleet, wait_until
from tests.kafka_work.runs import assert_billed_once, seeded

ACCOUNTS = 1_200
PERIOD = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")


def test_a_run_through_all_roles_of_one_process(owner: Fleet) -> None:
    seeded(owner, ACCOUNTS)
    everything = owner.start("all").ready()
    assert everything.get("/healthz")[0] == 200
    assert everything.get("/nothing")[0] == 404
    done = owner.verb("bill-run", "schedule", "Default", "--now", "--wait", *PERIOD, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["execution"]["invoices_generated"] == ACCOUNTS
    assert_billed_once(owner, ACCOUNTS)
    lags = json.loads(owner.must("lag", "--json"))
    assert [one["consumer"] for one in lags] == ["relay", "projector", "commands", "worker"]
    wait_until(lambda: all(one["events"] == 0 for one in json.loads(owner.must("lag", "--json"))))
    told = everything.get("/metrics")[1]
    assert f"billstream_accounts_billed_total {ACCOUNTS}.0" in told
    assert f"billstream_invoices_generated_total {ACCOUNTS}.0" in told
    assert "billstream_executions_total 1.0" in told
    assert 'billstream_lag_events{consumer="projector"}' in told
    assert "billstream_accounts_billed_per_second" in told
    assert everything.get("/readyz") == (
        200,
        json.dumps({"roles": dict.fromkeys(ROLES, "works")}),
    )
    for line in everything.lines():
        assert {"event", "level", "timestamp"} <= set(line)
    (ended,) = everything.lines("execution ended")
    assert ended["correlation_id"] == shown["execution"]["id"]
    assert everything.stop(10) == 0


ROLES = ("relay", "projector", "commands", "worker", "scheduler", "collector")


def test_what_cannot_begin_says_why(owner: Fleet) -> None:
    seeded(owner, 1)
    first = owner.start("scheduler").ready()
    taken = owner.verb("run", "worker", "--port", str(first.port))
    assert taken.returncode == 1
    assert "error: port_taken:" in taken.stderr
    owner.environment["BILLSTREAM_TOPIC_PREFIX"] = "t-nowhere"
    missing = owner.verb("run", "worker", "--port", "0")
    assert missing.returncode == 1
    assert missing.stderr.strip().splitlines()[-1].startswith("error: topic")
    first.send(signal.SIGINT)
    assert first.process.wait(10) == 0
