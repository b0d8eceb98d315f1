"""The description of topics and messages names all of them and leads nowhere else."""

from collections.abc import Iterator
from typing import Any

import yaml

from commands.catalogue import COMMAND_TYPES
from schemas.avro_files import FOLDER, prepare, records
from schemas.compatibility import is_dict, is_list
from schemas.topics import COMMANDS, DEAD_LETTERS, EVENT_TOPICS, PROGRESS, REPLIES, WORK
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(PAGE.read_text())


def _refs(value: Any) -> Iterator[str]:
    if is_dict(value):
        for key, inside in value.items():
            if key == "$ref":
                yield str(inside)
            else:
                yield from _refs(inside)
    elif is_list(value):
        for inside in value:
            yield from _refs(inside)


def test_every_reference_leads_somewhere() -> None:
    refs = list(_refs(DOCUMENT))
    for ref in refs:
        if ref.startswith("#/"):
            found: Any = DOCUMENT
            for part in ref[2:].split("/"):
                found = found[part]
        else:
            assert prepare((PAGE.parent / ref).read_text()).record in records()
    assert len(refs) > 200


def test_every_topic_is_there() -> None:
    named = {channel["address"] for channel in DOCUMENT["channels"].values()}
    there = (*EVENT_TOPICS, COMMANDS, REPLIES, DEAD_LETTERS, WORK, PROGRESS)
    assert named == {f"{{prefix}}.{topic}" for topic in there}


def test_every_schema_is_some_messages() -> None:
    """Older versions are read, not sent; outcomes of commands are sent as replies."""
    older = {"events/bill_group.created.v1.avsc"}
    recorded = {"events/command.accepted.v1.avsc", "events/command.refused.v1.avsc"}
    every = {
        path.relative_to(FOLDER).as_posix()
        for room in ("events", "commands", "replies", "progress")
        for path in (FOLDER / room).glob("*.avsc")
    }
    named = {ref.partition("schemas/avro/")[2] for ref in _refs(DOCUMENT) if ref.startswith("..")}
    assert every - named == older | recorded


def test_every_command_may_come_in_both_ways() -> None:
    messages = DOCUMENT["components"]["messages"]
    for entry in COMMAND_TYPES:
        name = f"{entry.name}.v{entry.version}"
        assert messages[name]["contentType"] == "application/json"
        assert messages[f"{name}.avro"]["contentType"] == "application/avro"
