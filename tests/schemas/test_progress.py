"""Progress as it travels, and as the service developer's guide shows it."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.progress import (
    PROGRESS,
    ExecutionProgress,
    WorkerProgress,
    decode_progress,
    encode_progress,
    progress_headers,
)
from schemas.wire import Codec
from tests.support.sources import ROOT

GUIDE = ROOT / "docs" / "service-guide.md"


def example() -> dict[str, Any]:
    section = GUIDE.read_text().partition("## Watching a run\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = msgspec.json.decode(block)
    return found


def test_it_comes_back_as_it_was_sent() -> None:
    sent = msgspec.convert(example(), ExecutionProgress)
    for one in (sent, msgspec.structs.replace(sent, packages_per_second=None, workers=())):
        assert decode_progress(Codec(), encode_progress(Codec(), one)) == one


def test_the_guide_shows_every_field_and_no_other() -> None:
    shown = example()
    assert tuple(shown) == ExecutionProgress.__struct_fields__
    for worker in shown["workers"]:
        assert tuple(worker) == WorkerProgress.__struct_fields__
    for count in ("chunks_done", "packages_billed", "invoices_generated", "failed"):
        assert sum(worker[count] for worker in shown["workers"]) == shown[count]


def test_headers_are_those_of_an_event_that_is_none() -> None:
    running = msgspec.structs.replace(
        msgspec.convert(example(), ExecutionProgress), at=datetime(2020, 11, 1, 4, tzinfo=UTC)
    )
    above = {name: value.decode() for name, value in progress_headers(running, "acme") if value}
    assert above == {
        "ce_specversion": "1.0",
        "ce_id": f"{running.execution}/progress/2020-11-01T04:00:00+00:00",
        "ce_type": PROGRESS,
        "ce_source": "acme",
        "ce_time": "2020-11-01T04:00:00.000000Z",
        "content-type": "application/avro",
        "correlation_id": running.execution,
    }
    for status in ("completed", "cancelled"):
        ended = msgspec.structs.replace(running, status=status)
        assert dict(progress_headers(ended, "acme"))["ce_id"] == (
            f"{running.execution}/progress/end".encode()
        )
