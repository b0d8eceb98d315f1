"""The reference that is made from the code: errors, events, the command line."""

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields

from aggregates.event import Event, Fact
from infra.cli.verbs import NOUNS, VERBS
from schemas.catalogue import EVENT_TYPES, EventType
from schemas.kinds import STATELESS, kind_of_type
from tests.docs import dictionary
from tests.docs.asyncapi import asyncapi_page
from tests.docs.refusals import Told, every_error, every_finding
from tests.support.sources import ROOT
from tests.support.verbs import help_of

FOLDER = ROOT / "docs" / "reference"

MADE = "<!-- Made from the code by `make docs`; a test compares. Do not edit by hand. -->"


def pages() -> dict[Path, Callable[[], str]]:
    """Every page of the reference that is made, with what makes it."""
    return {
        ROOT / "docs" / "asyncapi.yaml": asyncapi_page,
        dictionary.PAGE: dictionary.page,
        FOLDER / "errors.md": errors_page,
        FOLDER / "events.md": events_page,
        FOLDER / "cli.md": cli_page,
    }


# errors


def errors_page() -> str:
    """Codes with their sentences, remedies included."""
    errors, findings = every_error(), every_finding()
    lines = [
        "# Error codes",
        "",
        MADE,
        "",
        "An error is one line on stderr, `error: CODE: sentence with the remedy`; with `--json`",
        'also `{"error": {"code", "message", "details"}}` on stdout. The exit status is 1, for',
        "`wrong_usage` 2. Codes are stable: new ones may come, none is renamed. A refused command",
        "changes nothing. `‹…›` stands for a value.",
        "",
        "Failures of a run (`execution failures`) have the same codes: an invoicer that cannot be",
        "billed fails with the code and sentence of what stood in the way.",
        "",
        f"## Refusals, failures and errors ({len(errors)})",
        "",
        *_table(errors),
        "",
        f"## What `verify` and `execution replay` find ({len(findings)})",
        "",
        "The first one is named on stderr; with `--json` a hundred of them stand in `findings`.",
        "",
        *_table(findings),
    ]
    return "\n".join(lines) + "\n"


def _table(codes: dict[str, list[Told]]) -> Iterator[str]:
    yield "| code | sentence and remedy | told by |"
    yield "|---|---|---|"
    for code, places in codes.items():
        sentences = "<br>".join(_cell(told.sentence) for told in places)
        rooms = "<br>".join(dict.fromkeys(f"`{told.place}`" for told in places))
        yield f"| `{code}` | {sentences} | {rooms} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# events


def events_page() -> str:
    """Every stored event with its fields."""
    lines = [
        "# Events",
        "",
        MADE,
        "",
        "What is recorded, by the kind of stream it stands in. The stored name and version",
        "outlive the class. Amounts are minor units, dates are ISO, times are UTC, ids are UUIDs",
        "as text. A field at its default is left out of the stored form.",
        "",
    ]
    kinds: dict[str, list[EventType]] = {}
    for entry in EVENT_TYPES:
        kinds.setdefault(kind_of_type(entry.name), []).append(entry)
    for kind, entries in kinds.items():
        kept = "no state row" if kind in STATELESS else "with a state row"
        lines += [f"## Streams of kind `{kind}` ({kept})", ""]
        for entry in entries:
            lines += _event(entry)
    lines += ["## Values inside events", ""]
    for cls in sorted(_values(), key=lambda cls: cls.__name__):
        lines += [f"### {cls.__name__}", "", *_described(cls), *_fields(cls)]
    return "\n".join(lines).rstrip() + "\n"


def _event(entry: EventType) -> Iterator[str]:
    yield f"### `{entry.name}` v{entry.version}"
    yield ""
    yield f"`{entry.cls.__module__}.{entry.cls.__name__}`"
    yield ""
    yield from _described(entry.cls)
    yield from _fields(entry.cls)


def _described(cls: type[Fact]) -> Iterator[str]:
    """The class's own docstring, if it has one."""
    if cls.__doc__ and cls.__doc__ not in (Event.__doc__, Fact.__doc__):
        yield inspect.cleandoc(cls.__doc__)
        yield ""


def _fields(cls: type[Fact]) -> Iterator[str]:
    found = fields(cls)
    if not found:
        yield "No fields."
    else:
        yield "| field | type | default |"
        yield "|---|---|---|"
    for field in found:
        yield f"| `{field.name}` | {_type(field.type)} | {_default(field)} |"
    yield ""


def _default(field: FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return ""
    if isinstance(value, Fact):
        return "all defaults"
    return "none" if value is None else f"`{msgspec.json.encode(value).decode()}`"


_WORDS: dict[object, str] = {
    str: "text",
    int: "integer",
    bool: "true or false",
    date: "date",
    datetime: "time",
    Decimal: "decimal",
    bytes: "bytes",
    msgspec.Raw: "state, as stored",
}


def _type(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint]
    if origin in (types.UnionType, typing.Union):
        words = [_type(part) for part in inner if part is not type(None)]
        return " or ".join(words) + (" or none" if type(None) in inner else "")
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"map of {_type(inner[0])} to {_type(inner[1])}"
    return f"[{hint.__name__}](#{hint.__name__.lower()})"


def _values() -> set[type[Fact]]:
    """The structs that stand inside events."""
    found: set[type[Fact]] = set()
    waiting: list[Any] = [entry.cls for entry in EVENT_TYPES]
    while waiting:
        for field in fields(waiting.pop()):
            for part in _parts(field.type):
                if isinstance(part, type) and issubclass(part, Fact) and part not in found:
                    found.add(part)
                    waiting.append(part)
    return found


def _parts(hint: Any) -> Iterator[Any]:
    inner = typing.get_args(hint)
    if not inner:
        yield hint
    for part in inner:
        yield from _parts(part)


# the command line


def cli_page() -> str:
    """The help of every verb."""
    lines = [
        "# Command line",
        "",
        MADE,
        "",
        "`billstream NOUN VERB`. Exit status: 0 done · 1 refused or failed · 2 wrong usage · 3 the",
        "run completed with failures. Codes of errors stand in [errors.md](errors.md).",
        "",
        "A TIME without an offset is the owner's local time; before an owner exists, UTC.",
        "",
    ]
    groups: dict[str, list[str]] = {"": [], **{noun: [] for noun in NOUNS}}
    for name in VERBS:
        noun, _, verb = name.rpartition(" ")
        groups[noun].append(verb)
    for noun, verbs in groups.items():
        title = f"## {noun}: {NOUNS[noun]}" if noun else "## Verbs of their own"
        lines += [title, ""]
        for verb in verbs:
            lines += _verb(f"{noun} {verb}".strip())
    return "\n".join(lines).rstrip() + "\n"


def _verb(name: str) -> Iterator[str]:
    yield f"### billstream {name}"
    yield ""
    yield "```text"
    yield help_of(name)
    yield "```"
    yield ""
