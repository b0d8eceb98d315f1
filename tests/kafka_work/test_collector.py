"""Collecting over PostgreSQL and Kafka: the role, commands by topic, webhooks at its port (R23)."""

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
import yaml

from infra.kafka.settings import kafka_settings
from tests.kafka.senders import Sender
from tests.kafka_work.processes import Fleet, Running, wait_until
from tests.kafka_work.runs import count
from tests.support.gateway import Served, gateway_server
from tests.support.world import account, base

SECRET = "whsec_test"
ACCOUNTS = 40
PERIOD = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")


@pytest.fixture
def gateway(owner: Fleet) -> Generator[Served]:
    with gateway_server() as served:
        owner.environment |= {
            "BILLSTREAM_GATEWAY_URL": served.url,
            "BILLSTREAM_GATEWAY_KEY": "sk_test",
            "BILLSTREAM_GATEWAY_WEBHOOK_SECRET": SECRET,
            "BILLSTREAM_GATEWAY_TIMEOUT": "0.5",
        }
        yield served


def books(owner: Fleet, token: str = "pm_visa") -> None:
    """Accounts that owe 20.00 each and pay by card."""
    method = {"id": "visa", "kind": "card", "token": token, "auto_pay": True}
    held = [
        account(
            f"A-{n}",
            {"id": f"A-{n}/internet", "package": "internet", "effective": "2020-09-01"},
            payment_methods=[method],
        )
        for n in range(ACCOUNTS)
    ]
    run = {
        "name": "Default",
        "actions": ["bill_packages", "generate_invoice", "collect_payment"],
        "bill_groups": ["Default Bill Group"],
        "exchange_rates": "October 2020",
    }
    path = owner.folder / "setup.yaml"
    group = {"name": "Default Bill Group", "bill_day": 1}
    path.write_text(yaml.safe_dump(base(bill_groups=[group], accounts=held, bill_runs=[run])))
    owner.must("init")
    owner.must("apply", str(path))


def payments(owner: Fleet) -> list[Any]:
    found: list[Any] = json.loads(owner.must("payment", "list", "--json"))
    return found


def test_collectors_die_and_everyone_pays_once(owner: Fleet, gateway: Served) -> None:
    books(owner)
    owner.start("scheduler", "worker", "projector", "relay").ready()
    for operation in ("prepare", "confirm", "look"):
        gateway.fail(operation, "cut_after", "500_before", "call_after", "hang_after", "garbage")
    collectors: list[Running] = [owner.start("collector") for _ in range(2)]
    gateway.called = lambda: collectors[0].process.kill()
    owner.must("bill-run", "schedule", "Default", "--now", "--wait", *PERIOD)
    wait_until(lambda: collectors[0].process.poll() is not None, 60, "a collector dies")
    gateway.forget_keys()
    owner.start("collector")
    wait_until(lambda: count(owner, "payment.succeeded") == ACCOUNTS, 90, "everyone has paid")
    ids = [id for id, _ in gateway.charged]
    assert Counter(ids).most_common(1)[0][1] == 1
    assert len(ids) == ACCOUNTS
    wait_until(lambda: {p["status"] for p in payments(owner)} == {"succeeded"}, 60, "views")
    assert {p["id"] for p in payments(owner)} == set(ids)
    owner.must("verify")


def test_commands_by_topic_and_a_webhook(owner: Fleet, gateway: Served) -> None:
    books(owner, token="pm_slow")
    everything = owner.start("all").ready()
    owner.must("bill-run", "schedule", "Default", "--now", "--wait", *PERIOD)
    wait_until(lambda: count(owner, "payment.prepared") == ACCOUNTS, 60, "asked for")
    settings = kafka_settings(
        kafka_bootstrap_servers=owner.environment["BILLSTREAM_KAFKA_BOOTSTRAP_SERVERS"],
        topic_prefix=owner.environment["BILLSTREAM_TOPIC_PREFIX"],
    )
    sender = Sender(settings)
    cash = {"account": "A-0", "amount": "5.00", "kind": "cash"}
    for _ in range(2):
        sender.send("cash-1", cash, "billstream.record_payment.v1")
    sender.flush()
    wait_until(lambda: count(owner, "payment.recorded") == 1, 60, "the command by topic")
    reference = next(iter(gateway.intents))
    gateway.settle(reference)
    body = gateway.webhook("payment_intent.succeeded", gateway.intents[reference])
    asked = urllib.request.Request(
        f"http://127.0.0.1:{everything.port}/webhooks/gateway",
        data=body,
        headers={"Stripe-Signature": gateway.signed(SECRET, body, time.time())},
    )
    with urllib.request.urlopen(asked, timeout=10) as answered:
        assert (answered.status, json.load(answered)) == (200, {"heard": True})
    wait_until(lambda: count(owner, "payment.succeeded") == 1, 30, "the webhook")
    sender.close()
    assert count(owner, "payment.recorded") == 1, "sent twice, done once"
    assert everything.stop(15) == 0
