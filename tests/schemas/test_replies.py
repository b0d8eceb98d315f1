"""Replies are made from what is recorded, in JSON or Avro."""

import json

import pytest

from aggregates.command import CommandAccepted, CommandRefused
from schemas.avro_files import records
from schemas.headers import AVRO, JSON
from schemas.replies import (
    ACCEPTED,
    REFUSED,
    Accepted,
    Refused,
    decode_reply,
    encode_reply,
    reply_of,
    reply_type,
)
from schemas.topics import EVENT_TOPICS, topic_of
from schemas.wire import Codec
from schemas.wire_error import WireError

DONE = CommandAccepted(
    source="crm",
    id="1",
    type="schedule_bill_run",
    body_hash="h",
    result={"schedule": "s", "execution": "e"},
)
NOT_DONE = CommandRefused(
    source="crm", id="2", type="bill_account", body_hash="h", code="busy", message="try again"
)


@pytest.mark.parametrize("content_type", [JSON, AVRO])
@pytest.mark.parametrize("event", [DONE, NOT_DONE], ids=["accepted", "refused"])
def test_a_reply_comes_back(event: CommandAccepted | CommandRefused, content_type: str) -> None:
    reply = reply_of(event)
    sent = encode_reply(Codec(), reply, content_type)
    assert decode_reply(Codec(), reply_type(reply), content_type, sent) == reply


def test_a_reply_in_json_says_everything() -> None:
    reply = reply_of(DONE)
    assert isinstance(reply, Accepted)
    assert json.loads(encode_reply(Codec(), reply, JSON)) == {
        "id": "1",
        "source": "crm",
        "type": "schedule_bill_run",
        "status": "accepted",
        "execution": "e",
        "schedule": "s",
        "result": {"schedule": "s", "execution": "e"},
    }
    refused = reply_of(NOT_DONE)
    assert isinstance(refused, Refused)
    assert json.loads(encode_reply(Codec(), refused, JSON))["code"] == "busy"


@pytest.mark.parametrize(
    ("ce_type", "content_type", "data"),
    [
        (ACCEPTED, JSON, b"{"),
        (ACCEPTED, JSON, b"\xff"),
        (REFUSED, JSON, b"{}"),
        (REFUSED, AVRO, encode_reply(Codec(), reply_of(DONE), AVRO)),
        ("billstream.apply.v1", JSON, b"{}"),
    ],
)
def test_what_is_no_reply_is_refused(ce_type: str, content_type: str, data: bytes) -> None:
    with pytest.raises(WireError):
        decode_reply(Codec(), ce_type, content_type, data)


def test_every_message_has_its_topic() -> None:
    topics = {record: topic_of(record) for record in records()}
    assert set(topics.values()) == {*EVENT_TOPICS, "commands", "replies", "progress"}
    assert topics["billstream.invoice.lines_added.v1"] == "invoices"
    assert topics["billstream.bill_run.scheduled.v1"] == "bill-runs"
    assert topics["billstream.chunk.billed.v1"] == "bill-runs"
    assert topics["billstream.receivables.charges_waiting.v1"] == "accounts"
    assert topics["billstream.package.created.v1"] == "setup"
    assert topics["billstream.command.accepted.v1"] == "replies"
    assert topics["billstream.reply.refused.v1"] == "replies"
    assert topics["billstream.execution.progress.v1"] == "progress"
    assert topics["billstream.erase_account.v1"] == "commands"
