"""YAML (and so JSON) as plain values that know their lines.

Read as a stream of the parser's events, so that a file of 100,000 lines needs no tree of nodes. A
word without quotes is null, true or false, a number, or else text; `007` is text, and dates stay
text until they are asked for. Two equal keys in one mapping are refused.
"""

import marshal
import re
from collections.abc import Callable, Container, Iterator
from sys import intern
from typing import Any, NamedTuple, cast

import yaml

_INT = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[+-]?(0|[1-9][0-9]*)?\.[0-9]*([eE][+-]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
DEEPEST = 12
"""No setup file nests deeper."""

LONGEST_NUMBER = 30

REPEATED = frozenset({"currency", "bill_group", "package", "effective", "status", "ar_term"})
"""Keys under which many entries say the same: it is kept once."""

MOST_REPEATED = 1_000_000
"""Values that aliases may stand for, all together: a small file does not become a huge one."""

_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
"""A character beyond U+FFFF as JSON escapes it: YAML knows no halves of characters."""


class TextError(NamedTuple):
    """What is wrong with the text itself."""

    line: int
    code: str
    reason: str


class BadText(Exception):
    """The text is not YAML, or holds what a setup file may not hold."""

    def __init__(self, error: TextError) -> None:
        super().__init__(error.reason)
        self.error = error


class Map(dict[str, Any]):
    """A mapping with the line it begins on, and the lines of keys that stand on others."""

    __slots__ = ("key_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[str, int] | None = None

    def line_of(self, key: str) -> int:
        return (self.key_lines or {}).get(key, self.line)


class Items(list[Any]):
    """A list with the lines of its items that are no mappings."""

    __slots__ = ("item_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.item_lines: dict[int, int] | None = None

    def line_of(self, index: int) -> int:
        if 0 <= index < len(self):
            item = self[index]
            if isinstance(item, Map | Items):
                return item.line
        return (self.item_lines or {}).get(index, self.line)


Take = Callable[[str, Any, int], None]
"""Is given an item of a list: the key that the list stands under, the item and its line."""


def _keep(key: str, item: Any, line: int) -> None:
    raise AssertionError("no lists are given out")


def read_text(text: str, lists: Container[str] = (), take: Take = _keep) -> Any:
    """The one document of a text. Raises BadText. The items of the lists under some of its keys
    are given out one by one and not kept: such a list is empty in the document.
    """
    try:
        return _Reader(_joined(text), lists, take).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        line = min(mark.line, text.rstrip().count("\n")) + 1 if mark else 1
        raise BadText(TextError(line, "yaml_invalid", f"not YAML: {reason}")) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise BadText(TextError(1, "yaml_invalid", f"not YAML: {reason}")) from None


def _joined(text: str) -> str:
    """JSON with its pairs of escapes as characters; any other text as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _PAIR.sub(lambda pair: pair[1] + _character(pair[2], pair[3]), text)


def _character(high: str, low: str) -> str:
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)


def line_at(value: Any, path: tuple[int | str, ...]) -> int:
    """The line of what a path of keys and indexes leads to, or of the last part found."""
    line: int = value.line if isinstance(value, Map | Items) else 1
    for part in path:
        if isinstance(value, Map) and isinstance(part, str):
            line = value.line_of(part)
            value = value.get(part)
        elif isinstance(value, Items) and isinstance(part, int):
            line = value.line_of(part)
            value = value[part] if 0 <= part < len(value) else None
        else:
            break
    return line


def packed(value: Any) -> bytes:
    """A value with its lines, in a few bytes for as long as nobody needs it."""
    return marshal.dumps(_form(value))


def unpacked(content: bytes) -> Any:
    """The value again."""
    return _value_of(marshal.loads(content))


def _form(value: Any) -> Any:
    if isinstance(value, Map):
        inside = {
            key: intern(item) if key in REPEATED and isinstance(item, str) else _form(item)
            for key, item in value.items()
        }
        return inside, value.line, value.key_lines
    if isinstance(value, Items):
        return [_form(item) for item in value], value.line, value.item_lines
    return value


def _value_of(form: Any) -> Any:
    if not isinstance(form, tuple):
        return form
    inside, line, lines = cast(tuple[Any, int, Any], form)
    if isinstance(inside, dict):
        found = Map(line)
        found.key_lines = lines
        keys = cast(dict[str, Any], inside)
        found.update((key, _value_of(item)) for key, item in keys.items())
        return found
    listed = Items(line)
    listed.item_lines = lines
    listed.extend(map(_value_of, inside))
    return listed


class _Reader:
    def __init__(self, text: str, lists: Container[str], take: Take) -> None:
        self._lists = lists
        self._take = take
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._made = 0
        self._repeated = 0
        self._keys: dict[str, str] = {}

    def document(self) -> Any:
        value: Any = None
        seen = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _bad(event, "yaml_invalid", "a second document: put it in its own file")
                seen = True
                value = self._value(next(self._events), 0)
        return value

    def _value(self, event: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise _bad(event, "yaml_invalid", "nested too deeply for a setup file")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _bad(event, "yaml_invalid", f"there is no anchor &{event.anchor} above")
            return self._again(event)
        before = self._made
        self._made += 1
        if isinstance(event, yaml.ScalarEvent):
            value: Any = _scalar(event)
        elif event.tag is not None and event.tag != "!":
            raise _foreign(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._map(event, depth)
        else:
            value = self._items(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = value, self._made - before
        return value

    def _again(self, event: Any) -> Any:
        """What an alias stands for."""
        value, size = self._anchors[event.anchor]
        self._made += size
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            raise _bad(event, "yaml_invalid", "aliases stand for too much: write it out")
        return value

    def _map(self, start: Any, depth: int) -> Map:
        line = _line(start)
        found = Map(line)
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _bad(event, "yaml_invalid", "a key must be a plain word")
            key = self._keys.setdefault(event.value, event.value)
            at = _line(event)
            if key in found:
                raise BadText(
                    TextError(
                        at,
                        "duplicate_key",
                        f"the key `{key}` stands there twice, first on line {found.line_of(key)}",
                    )
                )
            if at != line:
                if found.key_lines is None:
                    found.key_lines = {}
                found.key_lines[key] = at
            following = next(self._events)
            if depth or key not in self._lists or not _is_plain_list(following):
                found[key] = self._value(following, depth + 1)
            else:
                found[key] = self._given_out(key, following)
        return found

    def _given_out(self, key: str, start: Any) -> Items:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value = self._value(event, 2)
            self._take(key, value, value.line if isinstance(value, Map | Items) else _line(event))
        return Items(_line(start))

    def _items(self, start: Any, depth: int) -> Items:
        line = _line(start)
        found = Items(line)
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value = self._value(event, depth + 1)
            at = _line(event)
            if at != line and not isinstance(value, Map | Items):
                if found.item_lines is None:
                    found.item_lines = {}
                found.item_lines[len(found)] = at
            found.append(value)
        return found


def _is_plain_list(event: Any) -> bool:
    """A list to which no alias can lead back."""
    is_list = isinstance(event, yaml.SequenceStartEvent)
    return is_list and event.anchor is None and event.tag in (None, "!")


def _scalar(event: Any) -> Any:
    """The value of a word: text when it is in quotes."""
    text: str = event.value
    tag: str | None = event.tag
    if tag is not None and tag not in ("!", "tag:yaml.org,2002:str"):
        raise _foreign(event)
    if event.style or tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if text != "." and _FLOAT.fullmatch(text):
        return float(text)
    return text


def _foreign(event: Any) -> BadText:
    return _bad(event, "yaml_invalid", f"the tag {event.tag} has no place in a setup file")


def _bad(event: Any, code: str, reason: str) -> BadText:
    return BadText(TextError(_line(event), code, reason))


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
