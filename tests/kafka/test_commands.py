"""Commands in by topic, replies and events out: the interface's example, and what goes wrong."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aggregates import identity
from infra.kafka.dead_letters import letter, letters, resend
from infra.kafka.roles import open_commands, open_relay
from infra.kafka.settings import KafkaSettings
from infra.store.owned import OwnedStore
from tests.infra.store.tampering import by_hand, rows_by_hand
from tests.kafka.senders import Sender, body, headers
from tests.kafka.support import drain, make_topics, published, read_all, seeded, settings_of
from tests.support.servers import KafkaServer


class Service(NamedTuple):
    """A billing service with its topics, and a sender of commands."""

    settings: KafkaSettings
    store: OwnedStore
    sender: Sender

    def work(self, messages: int) -> list[Any]:
        """Lets the roles handle so many messages; the replies that are out then."""
        self.sender.flush()
        commands, relay = (role(self.store, self.settings) for role in (open_commands, open_relay))
        before = self._done()
        try:
            while self._done() < before + messages:
                commands.step()
            drain(relay.step)
        finally:
            commands.close()
            relay.close()
        return self.replies()

    def replies(self) -> list[Any]:
        records = read_all(self.settings, [f"{self.settings.topic_prefix}.replies"])
        records.sort(key=lambda one: one.timestamp)
        return [json.loads(one.value) for one in records]

    def _done(self) -> int:
        from kafka import KafkaConsumer
        from kafka.structs import TopicPartition

        group = f"{self.settings.topic_prefix}.commands"
        consumer = KafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers, group_id=group
        )
        try:
            places = [TopicPartition(group, partition) for partition in range(3)]
            return sum(consumer.committed(place) or 0 for place in places)
        finally:
            consumer.close(autocommit=False)


@pytest.fixture
def service(kafka: KafkaServer, tmp_path: Path) -> Generator[Service]:
    settings, store = settings_of(kafka), seeded(tmp_path)
    make_topics(settings)
    sender = Sender(settings)
    yield Service(settings, store, sender)
    sender.close()
    store.close()


def test_a_schedule_command_in_reply_and_events_out(service: Service) -> None:
    service.sender.send("1", body(requested_by="crm"))
    (reply,) = service.work(1)
    assert reply["status"] == "accepted"
    assert (reply["id"], reply["source"], reply["type"]) == ("1", "crm", "schedule_bill_run")
    assert reply["schedule"] in json.dumps(reply["result"])
    (scheduled,) = [e for e in published(service.settings) if "bill_run.scheduled" in e.type]
    (accepted,) = [e for e in service.store.log(0, 1000) if e.type == "command.accepted"]
    assert scheduled.causation_id == accepted.metadata["command"]


def test_the_same_again_changes_nothing(service: Service) -> None:
    service.sender.send("1", body())
    service.sender.send("1", body())
    (reply,) = service.work(2)
    head = service.store.head.position
    service.sender.send("1", body())
    assert service.work(1) == [reply]
    assert service.store.head.position == head


def test_the_same_id_with_another_body_is_refused(service: Service) -> None:
    service.sender.send("1", body())
    service.sender.send("1", body(catch_up="all"))
    replies = service.work(2)
    assert sorted(reply["status"] for reply in replies) == ["accepted", "refused"]
    (refused,) = [reply for reply in replies if reply["status"] == "refused"]
    assert refused["code"] == "command_id_reused"
    (dead,) = letters(service.settings)
    assert dead.code == "command_id_reused"


def test_what_the_rules_refuse_is_replied_to_and_put_aside(service: Service) -> None:
    service.sender.send("1", body(bill_run="No such run"))
    (reply,) = service.work(1)
    assert (reply["status"], reply["code"]) == ("refused", "bill_run_unknown")
    (dead,) = letters(service.settings)
    assert (dead.code, dead.reason) == (reply["code"], reply["message"])
    assert dead.value == json.dumps(body(bill_run="No such run")).encode()
    assert dead.headers == headers("1")


def test_garbage_goes_to_the_dead_letters_as_it_came(service: Service) -> None:
    strange = [("ce_type", b"\xff\xfe"), ("other", b"\x00"), ("other", b"")]
    service.sender.send_raw(b"\x00\xff garbage", strange, key=b"\xfe")
    service.sender.send_raw(None, headers("2"))
    service.sender.send_raw(b"[1]", headers("3"))
    service.sender.send("4", {}, type="billstream.make_coffee.v1")
    service.sender.send("5", body(colour="red"))
    service.sender.send("6", body())
    replies = {reply["id"]: reply for reply in service.work(6)}
    assert replies["6"]["status"] == "accepted"
    found = {dead.text("ce_id"): dead for dead in letters(service.settings)}
    assert {id: dead.code for id, dead in found.items()} == {
        "": "header_invalid",
        "2": "message_empty",
        "3": "message_malformed",
        "4": "command_unknown",
        "5": "key_unknown",
    }
    assert found[""].value == b"\x00\xff garbage"
    assert found[""].key == b"\xfe"
    assert found[""].headers == strange
    assert found["2"].value is None
    assert {id: replies[id]["code"] for id in "2345"} == {id: found[id].code for id in "2345"}


class NotUtf8(str):
    """A header's name as only another language's client sends it."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xc3"


def test_a_header_whose_name_is_no_text_blocks_nobody(service: Service) -> None:
    above = [(NotUtf8("name"), b"1"), *headers("1")]
    for id in ("before", "poison", "after"):
        pairs = above if id == "poison" else headers(id)
        service.sender.send_raw(b"{}", pairs, partition=0)
    service.work(3)
    found = list(letters(service.settings))
    assert [dead.text("ce_id") for dead in found] == ["before", "1", "after"]
    assert found[1].headers[0] == ("\\xff\\xc3", b"1")


def test_a_dead_letter_is_sent_again(service: Service) -> None:
    service.sender.send("1", body(bill_run="Later"))
    service.work(1)
    (dead,) = letters(service.settings)
    assert letter(service.settings, dead.id) == dead
    resend(service.settings, [dead], new_id=True)
    service.work(1)
    second = list(letters(service.settings))[1]
    assert second.text("ce_id") == f"1/resent-{dead.id}"
    assert second.value == dead.value
    assert second.code == "bill_run_unknown"


def test_a_command_that_meets_a_damaged_state_is_done_when_that_is_mended(service: Service) -> None:
    where = f"WHERE stream = x'{identity.named('bill_run', 'Default').hex()}'"
    ((state,),) = rows_by_hand(service.store, f"SELECT state FROM states {where}")
    by_hand(service.store, f"UPDATE states SET state = x'7b' {where}")
    service.sender.send("1", body())
    (reply,) = service.work(1)
    assert (reply["status"], reply["code"]) == ("refused", "state_unreadable")
    (dead,) = letters(service.settings)
    assert (dead.code, dead.reason) == (reply["code"], reply["message"])
    by_hand(service.store, f"UPDATE states SET state = x'{bytes(state).hex()}' {where}")
    resend(service.settings, [dead], new_id=False)
    (later,) = [reply for reply in service.work(1) if reply["status"] == "accepted"]
    assert later["id"] == "1"
