"""`docs/asyncapi.yaml`: every topic and message, made from the schemas and the commands."""

from typing import Any

import yaml

from commands.catalogue import COMMAND_TYPES, CommandType
from schemas import headers, progress, replies, topics
from schemas.avro_files import FOLDER, of_record, path_of
from schemas.catalogue import EVENT_TYPES
from schemas.topics import topic_of_event
from schemas.wire_types import type_of

Plain = dict[str, Any]

AVRO = "application/vnd.apache.avro+json;version=1.9.0"

_TOPICS: dict[str, tuple[str, str]] = {
    topics.COMMANDS: (
        "Commands in. A repeat of source and id changes nothing and gets the same reply.",
        "anything",
    ),
    topics.REPLIES: ("What came of each command, written as it was: JSON or Avro.", "command's id"),
    topics.DEAD_LETTERS: (
        "Messages that cannot be understood or were refused: the original bytes and headers, with "
        "the reason in headers of their own.",
        "key as it came",
    ),
    topics.WORK: ("Chunks of runs for workers. Internal.", "chunk"),
    topics.PROGRESS: (
        "How far executions are while they run, at most once a second each, and once at their end. "
        "A message may be lost, and the last one may come twice.",
        "execution's id",
    ),
    topics.BILL_RUNS: ("Bill runs, their schedules, executions and chunks.", "stream's id"),
    topics.ACCOUNT_PACKAGES: ("What accounts hold, and every cycle billed.", "stream's id"),
    topics.INVOICES: ("Invoices with their lines.", "stream's id"),
    topics.ACCOUNTS: ("Accounts, and charges that wait to be invoiced.", "stream's id"),
    topics.SETUP: ("The owner, exchange rates, bill groups, packages.", "stream's id"),
}

_INFO = """\
Every message is a CloudEvent in Kafka's binary mode. Values are Avro: single objects (C3 01, the
CRC-64-AVRO fingerprint of the schema, the body; `schemas/avro/index.json` lists the fingerprints),
or Confluent's framing (0, the schema's id, the body) when a schema registry is configured. Commands
may be JSON too. Amounts are whole minor units, dates and times ISO 8601 as text.
"""


def asyncapi_page() -> str:
    """The document as it stands in `docs/`."""
    made = "# Made from the code by `make docs`; a test compares. Do not edit by hand.\n"
    return made + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)


def document() -> Plain:
    messages: dict[str, Plain] = {}
    schemas: dict[str, Plain] = dict(_headers())
    carried: dict[str, list[str]] = {topic: [] for topic in _TOPICS}
    for event in EVENT_TYPES:
        topic = topic_of_event(event.name)
        if topic == topics.REPLIES:
            continue  # what is recorded of a command goes out as a reply
        name = f"{event.name}.v{event.version}"
        messages[name] = _avro(type_of(event.name, event.version), "EventHeaders")
        carried[topic].append(name)
    for command in COMMAND_TYPES:
        name = f"{command.name}.v{command.version}"
        messages[name] = _json_command(command, schemas)
        messages[f"{name}.avro"] = _avro(command.ce_type, "CommandHeaders")
        carried[topics.COMMANDS] += [name, f"{name}.avro"]
    for record in (replies.ACCEPTED, replies.REFUSED):
        name = record.removeprefix("billstream.")
        messages[name] = _avro(record, "EventHeaders")
        carried[topics.REPLIES].append(name)
    name = progress.PROGRESS.removeprefix("billstream.")
    messages[name] = _avro(progress.PROGRESS, "EventHeaders")
    carried[topics.PROGRESS].append(name)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Billstream", "version": "1.0.0", "description": _INFO},
        "defaultContentType": headers.AVRO,
        "channels": {_id(topic): _channel(topic, carried[topic]) for topic in _TOPICS},
        "operations": dict(_operation(topic) for topic in _TOPICS if topic != topics.WORK),
        "components": {"messages": messages, "schemas": schemas},
    }


def _id(topic: str) -> str:
    return topic.replace("-", "_").replace(".", "_")


def _channel(topic: str, carried: list[str]) -> Plain:
    about, key = _TOPICS[topic]
    return {
        "address": f"{{prefix}}.{topic}",
        "description": f"{about} Key: the {key}." if key != "anything" else f"{about} Any key.",
        "parameters": {
            "prefix": {"default": "billstream", "description": "BILLSTREAM_TOPIC_PREFIX"}
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in carried},
    }


def _operation(topic: str) -> tuple[str, Plain]:
    channel = {"$ref": f"#/channels/{_id(topic)}"}
    if topic == topics.COMMANDS:
        reply = {"channel": {"$ref": f"#/channels/{_id(topics.REPLIES)}"}}
        return "do_commands", {"action": "receive", "channel": channel, "reply": reply}
    return f"send_{_id(topic)}", {"action": "send", "channel": channel}


def _avro(record: str, above: str) -> Plain:
    path = path_of(record).relative_to(FOLDER.parent.parent).as_posix()
    doc = of_record(record).plain.get("doc")
    return {
        "name": record,
        **({"summary": doc} if doc else {}),
        "contentType": headers.AVRO,
        "headers": {"$ref": f"#/components/schemas/{above}"},
        "payload": {"schemaFormat": AVRO, "schema": {"$ref": f"../{path}"}},
    }


def _json_command(command: CommandType, schemas: dict[str, Plain]) -> Plain:
    schema = command.message.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    doc = " ".join(schema.pop("description", "").split())
    schemas[command.message.__name__] = schema
    return {
        "name": command.ce_type,
        "summary": doc,
        "contentType": headers.JSON,
        "headers": {"$ref": "#/components/schemas/CommandHeaders"},
        "payload": {"$ref": f"#/components/schemas/{command.message.__name__}"},
    }


def _headers() -> dict[str, Plain]:
    text: Plain = {"type": "string"}
    types = {"type": "string", "description": "`billstream.` + name + version"}
    sent: Plain = {
        "ce_id": {"type": "string", "description": "the command's id, the sender's own"},
        "ce_type": types,
        "ce_source": {"type": "string", "description": "who sends it"},
        "ce_specversion": {"const": "1.0"},
        "content-type": {"enum": list(headers.CONTENT_TYPES), "default": headers.JSON},
        "correlation_id": {"type": "string", "description": "kept with all that comes of it"},
    }
    seen: Plain = {
        "ce_id": {"type": "string", "description": "stream and version: the same for ever"},
        "ce_type": types,
        "ce_source": {"type": "string", "description": "the owner's prefix"},
        "ce_time": {"type": "string", "format": "date-time", "description": "the commit's time"},
        "ce_specversion": {"const": "1.0"},
        "content-type": {"enum": list(headers.CONTENT_TYPES)},
        "correlation_id": text,
        "causation_id": {"type": "string", "description": "the stream of the command behind it"},
        "position": {"type": "string", "description": "in the whole history, gapless"},
        "stream_version": {"type": "string", "description": "in its stream, from 1"},
        "hash": {"type": "string", "description": "SHA-256 of the stored event, hexadecimal"},
    }
    needed = ["ce_id", "ce_type", "ce_source"]
    return {
        "CommandHeaders": {"type": "object", "required": needed, "properties": sent},
        "EventHeaders": {"type": "object", "required": needed, "properties": seen},
    }
