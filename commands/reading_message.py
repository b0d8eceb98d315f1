"""A command as it comes in: headers and bytes become a message, or the reason why not."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from commands.asking import Message
from commands.setup.entry import explain
from schemas.compatibility import is_dict, is_list
from schemas.headers import JSON
from schemas.wire import MOST_BYTES, Codec
from schemas.wire_error import WireError

MOST_FAULTS = 20
"""Faults named in one sentence."""


LONGEST_TEXT = 10_000
"""Characters of one text. An event stays small, whatever it repeats of a command (decision 11)."""


def read_fields(codec: Codec, record: str, content_type: str, data: bytes | None) -> dict[str, Any]:
    """What a message says, in plain JSON values, whether it was written in JSON or Avro."""
    if not data:
        raise WireError("message_empty", "the message has no body: send one, be it {}")
    fields = _from_json(data) if content_type == JSON else _from_avro(codec, record, data)
    _check_texts(fields)
    return fields


def validate(cls: type[Message], fields: Mapping[str, Any]) -> Message:
    """The message; everything wrong with it is named at once."""
    try:
        return cls.model_validate(fields)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False)
    told = [explain(error) for error in found]
    more = f"; and {len(told) - MOST_FAULTS} more" if len(told) > MOST_FAULTS else ""
    sentence = "; ".join(reason for _, reason in told[:MOST_FAULTS])
    errors = [{"code": code, "reason": reason} for code, reason in told[:1000]]
    raise WireError(told[0][0], f"{sentence}{more}", errors=errors, count=len(told))


def _from_avro(codec: Codec, record: str, data: bytes) -> dict[str, Any]:
    fields = codec.decode_fields(data, record).fields
    document = fields.get("setup")
    if isinstance(document, str):
        return {**fields, "setup": _from_json(document.encode(errors="replace"))}
    return fields


def _from_json(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise WireError(
            "message_too_large",
            f"the message has {len(data):,} bytes, {MOST_BYTES:,} are allowed: send less",
            bytes=len(data),
        )
    try:
        found: Any = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise WireError("message_malformed", "the JSON is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise WireError("message_malformed", f"the JSON cannot be read: {reason[:200]}") from None
    if not is_dict(found):
        raise WireError("message_malformed", "the JSON is no object: send one, be it {}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} stands there twice")
    return found


def _no_constant(written: str) -> Any:
    raise ValueError(f"{written} is no number")


def _check_texts(value: Any) -> None:
    """No text holds what no database stores: the character NUL, half of a character; none is so
    long that an event with it would not fit on a topic.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise WireError(
                "text_too_long",
                f"a text has {len(value):,} characters, {LONGEST_TEXT:,} are allowed: shorten it",
            )
        if "\0" in value or not _is_whole(value):
            raise WireError(
                "message_malformed", "a text holds U+0000 or half of a character: leave it out"
            )
    elif is_dict(value):
        for key, inside in value.items():
            _check_texts(key)
            _check_texts(inside)
    elif is_list(value):
        for inside in value:
            _check_texts(inside)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
