"""Headers are CloudEvents, both ways, and what is wrong with them is named."""

from datetime import UTC, datetime

import pytest

from schemas.headers import (
    CommandHeaders,
    EventHeaders,
    event_id,
    read_command,
    read_event,
    write_command,
    write_event,
)
from schemas.wire_error import WireError

EVENT = EventHeaders(
    id=event_id("01c2f7a0-0000-8000-8000-000000000000", 3),
    type="billstream.invoice.generated.v1",
    source="billstream",
    time=datetime(2020, 10, 31, 4, 0, 0, 5, tzinfo=UTC),
    content_type="application/avro",
    correlation_id="c-1",
    causation_id="",
    position=42,
    stream_version=3,
    hash=bytes(range(32)),
)
COMMAND = CommandHeaders("1", "billstream.apply.v1", "crm", "application/json", "")

GOOD = [("ce_id", b"1"), ("ce_type", b"billstream.apply.v1"), ("ce_source", b"crm")]


def test_an_events_headers_come_back() -> None:
    pairs = write_event(EVENT)
    assert read_event(reversed(pairs)) == EVENT
    assert dict(pairs)["ce_time"] == b"2020-10-31T04:00:00.000005Z"
    assert dict(pairs)["ce_id"] == b"01c2f7a0-0000-8000-8000-000000000000/3"
    assert dict(pairs)["hash"] == bytes(range(32)).hex().encode()
    assert dict(pairs)["ce_specversion"] == b"1.0"
    assert "causation_id" not in dict(pairs)


def test_a_commands_headers_come_back() -> None:
    assert read_command(write_command(COMMAND)) == COMMAND


def test_a_command_without_content_type_is_json_and_others_headers_do_not_matter() -> None:
    pairs = [*GOOD, ("traceparent", b"\xff"), ("traceparent", b"")]
    assert read_command(pairs) == COMMAND
    plain = [*GOOD, ("content-type", b"Application/JSON; charset=utf-8")]
    assert read_command(plain).content_type == "application/json"


@pytest.mark.parametrize(
    ("pairs", "code", "header"),
    [
        (GOOD[1:], "header_missing", "ce_id"),
        ([GOOD[0], GOOD[2]], "header_missing", "ce_type"),
        (GOOD[:2], "header_missing", "ce_source"),
        ([("ce_id", b" "), *GOOD[1:]], "header_missing", "ce_id"),
        ([("ce_id", None), *GOOD[1:]], "header_missing", "ce_id"),
        ([("ce_id", b"\xff"), *GOOD[1:]], "header_invalid", "ce_id"),
        ([("ce_id", b"a\0"), *GOOD[1:]], "header_invalid", "ce_id"),
        ([("ce_id", b"x" * 501), *GOOD[1:]], "header_invalid", "ce_id"),
        ([*GOOD, ("ce_id", b"2")], "header_invalid", "ce_id"),
        ([*GOOD, ("ce_specversion", b"2.0")], "header_invalid", "ce_specversion"),
        ([*GOOD, ("content-type", b"text/xml")], "content_type_unknown", "content-type"),
    ],
)
def test_wrong_headers_of_a_command(
    pairs: list[tuple[str, bytes | None]], code: str, header: str
) -> None:
    with pytest.raises(WireError) as refused:
        read_command(pairs)
    assert (refused.value.code, refused.value.details["header"]) == (code, header)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position", b"-1"),
        ("position", "²".encode()),
        ("position", b"9" * 19),
        ("stream_version", b"x"),
        ("hash", b"00"),
        ("hash", b"xyz"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2020-10-31T04:00:00"),
    ],
)
def test_wrong_headers_of_an_event(name: str, value: bytes) -> None:
    pairs = [(known, value if known == name else was) for known, was in write_event(EVENT)]
    with pytest.raises(WireError) as refused:
        read_event(pairs)
    assert refused.value.details["header"] == name
