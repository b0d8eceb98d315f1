"""Webhooks of the gateway: forged, replayed, doubled, in any order (R23)."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from aggregates.refusal import Refusal
from infra.gateway.webhooks import Webhooks, hear_signed
from infra.run.metrics import Metrics
from infra.store.open import open_store
from tests.rules.test_collect_payment import bill_three_days, due_days
from tests.support.gateway import Served
from tests.support.world import World, base

SECRET = "whsec_test"


@pytest.fixture
def gateway(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("BILLSTREAM_GATEWAY_WEBHOOK_SECRET", SECRET)
    return gateway


class Heard:
    """A world whose webhooks come at the door of `billstream run`."""

    def __init__(self, world: World, gateway: Served) -> None:
        self.world = world
        self.gateway = gateway
        self.door = Webhooks(world.url, Metrics())

    def tell(self, type: str, about: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
        body = self.gateway.webhook(type, about, id)
        status, said = self.door.answer(self.gateway.signed(SECRET, body, time.time()), body)
        return status, json.loads(said)

    def payment(self) -> Any:
        return self.world.read("payment", "list")[-1]

    def owed(self) -> str:
        found: str = self.world.read("account", "balance", "P-1")["balance"]
        return found

    def dispute(self, status: str = "needs_response") -> dict[str, Any]:
        reference = self.payment()["reference"]
        about = {"id": "dp_1", "payment_intent": reference, "amount": 2000, "status": status}
        return {**about, "reason": "fraudulent"}


@pytest.fixture
def heard(tmp_path: Path, gateway: Served) -> Heard:
    """A payment of 20.00 that the gateway is still processing."""
    world = World(tmp_path)
    bill_three_days(world, due_days(token="pm_slow"))
    world.bill("2020-10-05", "2020-10-05", run="Due")
    return Heard(world, gateway)


def test_a_payment_that_was_processing_is_told_by_webhook_once(heard: Heard) -> None:
    reference = heard.payment()["reference"]
    assert heard.payment()["status"] == "prepared"
    heard.gateway.settle(reference)
    position = len(heard.world.read("history", "list"))
    for id in ("evt_1", "evt_1", "evt_2"):
        about = heard.gateway.intents[reference]
        assert heard.tell("payment_intent.succeeded", about, id) == (200, {"heard": True})
    assert heard.payment()["status"] == "succeeded"
    assert heard.owed() == "10.00"
    added = [e["type"] for e in heard.world.read("history", "list")[position:]]
    assert added.count("payment.succeeded") == 1
    assert added.count("command.accepted") == 1, "repeats leave nothing"
    heard.world.must("verify")


def test_a_hint_is_not_believed_but_looked_after(heard: Heard) -> None:
    """A webhook that says `succeeded` while the gateway, asked, says that it does not know yet."""
    about = heard.gateway.intents[heard.payment()["reference"]]
    lie = {**about, "status": "succeeded"}
    assert heard.tell("payment_intent.succeeded", lie, "evt_1")[0] == 200
    assert heard.payment()["status"] == "prepared"


def test_a_failure_told_after_the_success_changes_nothing(heard: Heard) -> None:
    reference = heard.payment()["reference"]
    heard.gateway.settle(reference)
    about = heard.gateway.intents[reference]
    heard.tell("payment_intent.succeeded", about, "evt_2")
    failed = {**about, "status": "requires_payment_method"}
    assert heard.tell("payment_intent.payment_failed", failed, "evt_1")[0] == 200
    assert (heard.payment()["status"], heard.owed()) == ("succeeded", "10.00")


def test_a_charge_back_opens_the_invoices_and_winning_pays_them_again(heard: Heard) -> None:
    heard.gateway.settle(heard.payment()["reference"])
    for id in ("evt_1", "evt_2"):
        assert heard.tell("charge.dispute.created", heard.dispute(), id)[0] == 200
    payment = heard.payment()
    assert (payment["status"], payment["charged_back"]) == ("succeeded", "20.00")
    assert heard.owed() == "30.00"
    heard.tell("charge.dispute.closed", heard.dispute("won"), "evt_3")
    assert (heard.payment()["charged_back"], heard.owed()) == ("0.00", "10.00")
    heard.world.must("verify")


def test_a_case_that_was_won_before_it_was_heard_of(heard: Heard) -> None:
    heard.gateway.settle(heard.payment()["reference"])
    heard.tell("charge.dispute.closed", heard.dispute("won"), "evt_2")
    heard.tell("charge.dispute.created", heard.dispute(), "evt_1")
    assert (heard.payment()["charged_back"], heard.owed()) == ("0.00", "10.00")


def test_forged_stale_and_senseless_ones_change_nothing(heard: Heard) -> None:
    body = heard.gateway.webhook("charge.dispute.created", heard.dispute())
    now = time.time()
    position = len(heard.world.read("history", "list"))
    assert heard.door.answer("", body)[0] == 400
    assert heard.door.answer(heard.gateway.signed("another", body, now), body)[0] == 400
    assert heard.door.answer(heard.gateway.signed(SECRET, body, now), body + b" ")[0] == 400
    assert heard.door.answer(heard.gateway.signed(SECRET, body, now - 301), body)[0] == 400
    for senseless in (b"", b"[]", b"{}", b'{"id": 1, "type": "x"}', b"\xff", b"[" * 100_000):
        signed = heard.gateway.signed(SECRET, senseless, now)
        assert heard.door.answer(signed, senseless)[0] == 400
    for about in ({**heard.dispute(), "amount": "20"}, {**heard.dispute(), "id": None}):
        assert heard.tell("charge.dispute.created", about, "evt_9")[0] == 400
    assert len(heard.world.read("history", "list")) == position


def test_what_is_none_of_ours_is_taken_and_left(heard: Heard) -> None:
    assert heard.tell("customer.created", {"id": "cus_1"}, "evt_1") == (200, {"heard": False})
    stranger = {"id": "pi_77"}
    assert heard.tell("payment_intent.succeeded", stranger, "evt_2") == (200, {"heard": False})


def test_the_same_id_with_another_body_is_refused(heard: Heard) -> None:
    reference = heard.payment()["reference"]
    heard.gateway.settle(reference)
    about = heard.gateway.intents[reference]
    heard.tell("payment_intent.succeeded", about, "evt_1")
    status, said = heard.tell("payment_intent.succeeded", {**about, "x": 1}, "evt_1")
    assert (status, said["error"]) == (400, "command_id_reused")


def test_a_gateway_that_cannot_be_asked_sends_it_again(heard: Heard) -> None:
    reference = heard.payment()["reference"]
    heard.gateway.settle(reference)
    about = heard.gateway.intents[reference]
    heard.gateway.fail("look", "500_before", "cut_before", "hang_before")
    for _ in range(3):
        assert heard.tell("payment_intent.succeeded", about, "evt_1")[0] == 503
    assert heard.tell("payment_intent.succeeded", about, "evt_1")[0] == 200
    assert heard.payment()["status"] == "succeeded"


def test_without_a_secret_nothing_is_heard(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLSTREAM_GATEWAY_WEBHOOK_SECRET")
    with open_store(heard.world.url) as store, pytest.raises(Refusal) as caught:
        hear_signed(store, heard.gateway.signed("", b"{}", time.time()), b"{}")
    assert caught.value.code == "webhook_secret_missing"


def test_one_in_a_file_is_heard_at_the_command_line(heard: Heard) -> None:
    reference = heard.payment()["reference"]
    heard.gateway.settle(reference)
    body = heard.gateway.webhook("payment_intent.succeeded", heard.gateway.intents[reference])
    path = heard.world.folder / "webhook.json"
    path.write_bytes(body)
    signed = heard.gateway.signed(SECRET, body, time.time())
    words = ("payment", "webhook", "--signature", signed, "--file", str(path))
    assert heard.world.read(*words) == {"heard": True, "changed": True}
    assert heard.world.read(*words) == {"heard": True, "changed": False}
    assert heard.world.refused(*words[:3], "t=1,v1=00", *words[4:]) == "webhook_signature_wrong"


# refunds that the bank does not take (R23)


@pytest.fixture
def given(heard: Heard) -> Heard:
    """The payment of 20.00 came and was given back: 30.00 are owed."""
    heard.gateway.settle(heard.payment()["reference"])
    heard.world.must("payment", "collect")
    heard.world.must("payment", "refund", heard.payment()["id"], "--yes")
    assert (heard.payment()["refunded"], heard.owed(), heard.gateway.total) == ("20.00", "30.00", 0)
    return heard


def books(heard: Heard) -> dict[str, tuple[str, str | None]]:
    """What stands on the accounts of the books."""
    found = heard.world.read("ledger", "trial-balance")
    return {one["account"]: (one["debit"], one["credit"]) for one in found}


def test_a_refund_that_fails_after_it_was_given_is_undone(given: Heard) -> None:
    """Told as often as the gateway likes, by whichever of its names, it is undone once."""
    assert books(given)["Assets:Cash"] == ("0.00", None)
    returned = given.gateway.return_refund("re_1")
    told = [("refund.failed", "evt_8"), ("charge.refund.updated", "evt_9"), ("refund.failed", "e")]
    for type, id in (*told, *told):
        assert given.tell(type, returned, id) == (200, {"heard": True})
    assert (given.payment()["refunded"], given.payment()["undisbursed"]) == ("0.00", "0.00")
    assert (given.owed(), given.gateway.total) == ("10.00", 2000)
    assert books(given)["Assets:Cash"] == ("20.00", None)
    types = [event["type"] for event in given.world.read("history", "list")]
    assert types.count("payment.refund_returned") == 1
    statement = given.world.read("ledger", "statement", "P-1")
    assert [(one["entry"], one["amount"]) for one in statement["entries"][-3:]] == [
        ("payment", "-20.00"),
        ("refund", "20.00"),
        ("refund_returned", "-20.00"),
    ]
    assert statement["closing_balance"] == "10.00"
    entries = given.world.read("payment", "show", given.payment()["id"])["entries"]
    assert [one["amount"] for one in entries if one["entry"] == "refund_returned"] == ["20.00"]
    given.world.must("verify")


def test_what_is_told_late_of_a_refund_that_came_back_is_old_news(given: Heard) -> None:
    success = dict(given.gateway.refunds[0])
    given.tell("refund.failed", given.gateway.return_refund("re_1"), "evt_9")
    assert given.tell("refund.updated", success, "evt_7") == (200, {"heard": True})
    assert given.tell("refund.created", success, "evt_6") == (200, {"heard": True})
    assert (given.payment()["refunded"], given.owed()) == ("0.00", "10.00")
    given.world.must("verify")


def test_a_failure_that_is_only_said_changes_nothing(given: Heard) -> None:
    """The gateway, asked, says that the refund was given."""
    lie = {**given.gateway.refunds[0], "status": "failed"}
    assert given.tell("refund.failed", lie, "evt_9") == (200, {"heard": True})
    assert (given.payment()["refunded"], given.owed()) == ("20.00", "30.00")


def test_it_can_be_given_back_again_and_each_refund_fails_by_itself(given: Heard) -> None:
    id = given.payment()["id"]
    given.tell("refund.failed", given.gateway.return_refund("re_1"), "evt_1")
    given.world.must("payment", "refund", id, "--amount", "15.00", "--yes")
    given.world.must("payment", "refund", id, "--amount", "5.00", "--yes")
    assert (given.payment()["refunded"], given.gateway.total) == ("20.00", 0)
    given.tell("refund.failed", given.gateway.return_refund("re_3"), "evt_2")
    given.tell("refund.failed", given.gateway.return_refund("re_1"), "evt_3")
    assert (given.payment()["refunded"], given.owed()) == ("15.00", "25.00")
    assert given.world.refused("payment", "refund", id, "--amount", "5.01", "--yes") == (
        "refund_too_large"
    )
    given.world.must("verify")


def test_a_refund_that_fails_before_it_was_given_is_undone_too(heard: Heard) -> None:
    heard.gateway.slow_refunds = True
    heard.gateway.settle(heard.payment()["reference"])
    heard.world.must("payment", "collect")
    heard.world.must("payment", "refund", heard.payment()["id"], "--yes")
    assert (heard.payment()["refunded"], heard.owed()) == ("0.00", "30.00")
    pending = dict(heard.gateway.refunds[0])
    heard.tell("refund.failed", heard.gateway.return_refund("re_1"), "evt_2")
    heard.tell("refund.updated", pending, "evt_1")
    assert (heard.payment()["refunded"], heard.owed()) == ("0.00", "10.00")
    types = [event["type"] for event in heard.world.read("history", "list")]
    assert (types.count("payment.refund_failed"), types.count("payment.refund_returned")) == (1, 0)
    heard.world.must("verify")


def test_a_refund_that_is_given_in_the_end_is_told_by_webhook(heard: Heard) -> None:
    heard.gateway.slow_refunds = True
    heard.gateway.settle(heard.payment()["reference"])
    heard.world.must("payment", "collect")
    heard.world.must("payment", "refund", heard.payment()["id"], "--amount", "5.00", "--yes")
    assert len(heard.gateway.refunds) == 1
    heard.tell("refund.updated", heard.gateway.give("re_1"), "evt_1")
    assert (heard.payment()["refunded"], heard.owed()) == ("5.00", "15.00")
    assert len(heard.gateway.refunds) == 1
    heard.world.must("verify")


def test_money_that_came_back_ends_a_suspension(given: Heard) -> None:
    """The account owes 30.00, 10.00 of it not due yet, and was suspended over the rest."""
    term = {"name": "Strict", "levels": [{"event": "on", "action": "suspend"}]}
    dunning = {**base()["bill_runs"][0], "name": "Dunning", "actions": ["dunning"]}
    given.world.apply(
        {
            "ar_terms": [term],
            "accounts": [{"number": "P-1", "ar_term": "Strict"}],
            "bill_runs": [dunning],
        }
    )
    given.world.bill("2020-10-05", "2020-10-05", run="Dunning")
    assert given.world.read("account", "show", "P-1")["status"] == "suspended"
    given.tell("refund.failed", given.gateway.return_refund("re_1"), "evt_9")
    assert given.world.read("account", "show", "P-1")["status"] == "active"
    given.world.must("verify")


@pytest.mark.parametrize("words", [(), ("--since", "2020-10-05"), ("PAYMENT",)])
def test_a_refund_that_came_back_without_a_webhook_is_found(
    given: Heard, words: tuple[str, ...]
) -> None:
    given.gateway.return_refund("re_1")
    given.world.must("payment", "collect")
    assert given.owed() == "30.00"
    verb = ("payment", "check", *(given.payment()["id"] if w == "PAYMENT" else w for w in words))
    assert given.world.read(*verb) == {"payments": 1, "changed": 1}
    assert (given.payment()["refunded"], given.owed()) == ("0.00", "10.00")
    assert given.world.read(*verb) == {"payments": 1, "changed": 0}
    assert given.tell("refund.failed", given.gateway.refunds[0], "evt_1") == (200, {"heard": True})
    types = [event["type"] for event in given.world.read("history", "list")]
    assert types.count("payment.refund_returned") == 1
    given.world.must("verify")


def test_what_was_refunded_long_ago_or_in_cash_is_not_asked_about(given: Heard) -> None:
    given.world.must("payment", "record", "P-1", "5.00", "--kind", "cash")
    given.world.must("payment", "refund", given.payment()["id"], "--yes")
    given.gateway.asked.clear()
    nothing = {"payments": 0, "changed": 0}
    assert given.world.read("payment", "check", "--since", "2020-10-06") == nothing
    given.world.must("payment", "check", given.payment()["id"])
    assert given.gateway.asked == []


def test_a_gateway_that_is_away_is_to_be_asked_again(
    given: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    given.gateway.fail("refunds", "500_before")
    assert given.world.refused("payment", "check") == "gateway_unreachable"
    monkeypatch.setenv("BILLSTREAM_GATEWAY_URL", "")
    assert given.world.refused("payment", "check") == "gateway_missing"
