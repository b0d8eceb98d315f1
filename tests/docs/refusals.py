"""Every code the program tells, found in its sources: where, and with which sentence.

A code is a literal handed to `Refusal`, `StoreError`, `Failure` or a class made from these, or the
first of four things that `describe` returns; of `verify` it is a literal handed to a finding. One
put together in a loop over literals (`f"invoicer_{field}_differs"`) is followed too.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.sources import named, sources, tree_of

Scope = ast.FunctionDef

_ERRORS = ("Refusal", "StoreError", "WireError")

_CODE_AT = {
    **dict.fromkeys((*_ERRORS, "Failure", "report", "_report", "PydanticCustomError"), 0),
    "_bad": 1,
    "TextError": 1,
    "Fault": 2,
}
"""What tells a code, and which of its arguments is the code; the sentence comes next."""


class Told(NamedTuple):
    """One place where a code is told, with its sentence; values stand as `‹name›`."""

    code: str
    sentence: str
    place: str


def every_error() -> dict[str, list[Told]]:
    """The codes of refusals, failures and errors, in alphabetical order."""
    return _gathered(_errors_in)


def unread() -> set[str]:
    """The files in which something tells a code that cannot be read off the source."""
    return {
        named(path)
        for path in sources()
        for scope in _scopes(tree_of(path))
        for node in ast.walk(scope)
        for code, sentence in _pairs(node, set())
        if code is not None and sentence is not None and not _codes(code, scope)
    }


def every_finding() -> dict[str, list[Told]]:
    """The codes of what `verify` and `execution replay` find."""
    return _gathered(_findings_in)


def _gathered(look: Callable[[Path], Iterator[Told]]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = defaultdict(list)
    for path in sources():
        for told in look(path):
            if all(known.sentence != told.sentence for known in found[told.code]):
                found[told.code].append(told)
    return dict(sorted(found.items()))


def _errors_in(path: Path) -> Iterator[Told]:
    tree = tree_of(path)
    own = {cls.name for cls in ast.walk(tree) if isinstance(cls, ast.ClassDef) and _is_error(cls)}
    for scope in _scopes(tree):
        for node in ast.walk(scope):
            for code, sentence in _pairs(node, own):
                for written in _codes(code, scope):
                    yield Told(written, _sentence(sentence, scope), named(path))
    yield from _tabled(tree, named(path))


def _tabled(tree: ast.Module, place: str) -> Iterator[Told]:
    """Codes and sentences in a table of the module, one of which is chosen when it is told."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            for value in statement.value.values:
                match value:
                    case ast.Tuple(elts=[ast.Constant(value=str(word)), sentence]):
                        if word.isidentifier() and " " in _text(sentence):
                            yield Told(word, _text(sentence), place)
                    case _:
                        pass


def _pairs(node: ast.AST, own: set[str]) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    """Code and sentence that a node tells, if it does."""
    match node:
        case ast.Call():
            at = _code_at(node, own)
            if at is not None:
                yield _argument(node, at, "code"), _argument(node, at + 1, "message")
        case ast.Return(value=ast.Tuple(elts=[code, sentence, ast.Dict(), _])):
            yield code, sentence
        case _:
            pass


def _findings_in(path: Path) -> Iterator[Told]:
    for scope in _scopes(tree_of(path)):
        for node in ast.walk(scope):
            for code, sentence in _found(node, scope):
                yield Told(code, sentence, named(path))


def _found(node: ast.AST, scope: Scope) -> Iterator[tuple[str, str]]:
    """Code and sentence of the finding that a node makes, or hands on to be made."""
    match node:
        case ast.Call() if _makes_finding(node):
            sentence = _sentence(_argument(node, 1, "sentence"), scope)
            for code in _codes(_argument(node, 0, "code"), scope):
                yield code, sentence
        case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(code)), said, _, _, _])):
            yield code, _sentence(said, scope)
        case ast.JoinedStr():
            _, _, told = _text(node).partition("error: ")
            code, colon, sentence = told.partition(": ")
            if colon and code.isidentifier():
                yield code, sentence
        case _:
            pass


def _scopes(tree: ast.Module) -> Iterator[Scope]:
    return (node for node in ast.walk(tree) if isinstance(node, Scope))


def _is_error(cls: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in _ERRORS for base in cls.bases)


def _code_at(call: ast.Call, own: set[str]) -> int | None:
    match call.func:
        case ast.Name(id=name) if name in own:
            return 0 if len(call.args) > 1 else None
        case ast.Name(id=name):
            return _CODE_AT.get(name)
        case ast.Attribute(attr="__init__") if own:
            return 0
        case ast.Attribute(attr=name):
            return 0 if name in _ERRORS else None
        case _:
            return None


def _makes_finding(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id="Finding"):
            return True
        case ast.Attribute(attr="add" | "_broken"):
            return len(call.args) > 1 and isinstance(call.args[0], ast.Constant)
        case _:
            return False


def _codes(given: ast.expr | None, scope: Scope) -> list[str]:
    match given:
        case ast.Constant(value=str(code)):
            return [code]
        case ast.JoinedStr(values=parts):
            return _spelled(parts, scope)
        case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
            return [one, other]
        case _:
            return []


def _spelled(parts: list[ast.expr], scope: Scope) -> list[str]:
    """What an f-string comes to for each value of the literal loop around it."""
    spelled = [""]
    for part in parts:
        match part:
            case ast.FormattedValue(value=ast.Name(id=name)):
                spelled = [text + value for text in spelled for value in _looped(name, scope)]
            case ast.Constant(value=str(text)):
                spelled = [before + text for before in spelled]
            case _:
                return []
    return spelled


def _looped(name: str, scope: Scope) -> list[str]:
    """What a name stands for: each value of the literal loop, or what the callers hand in."""
    for loop in ast.walk(scope):
        if not isinstance(loop, ast.For):
            continue
        targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        places = [i for i, t in enumerate(targets) if isinstance(t, ast.Name) and t.id == name]
        if places:
            values = ast.literal_eval(loop.iter)
            return [value[places[0]] if len(targets) > 1 else value for value in values]
    return _handed_in(name, scope)


def _handed_in(name: str, scope: Scope, seen: set[tuple[Scope, str]] | None = None) -> list[str]:
    """The literals that are handed in for a parameter, through other functions too. Callers are
    known by name only, so functions of common names seem to call each other in a circle: each
    parameter is followed once, `seen` is those that were.
    """
    seen = set() if seen is None else seen
    if (scope, name) in seen:
        return []
    seen.add((scope, name))
    parameters = [parameter.arg for parameter in scope.args.args]
    if name not in parameters:
        return []
    found: list[str] = []
    for path in sources():
        for caller in _scopes(tree_of(path)):
            for call in ast.walk(caller):
                if isinstance(call, ast.Call) and _called(call) == scope.name:
                    bound = parameters[0] == "self"
                    match _argument(call, parameters.index(name) - bound, name):
                        case ast.Constant(value=str(text)):
                            found.append(text)
                        case ast.Name(id=passed) if caller is not scope:
                            found += _handed_in(passed, caller, seen)
                        case _:
                            pass
    return list(dict.fromkeys(found))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _argument(call: ast.Call, place: int, keyword: str) -> ast.expr | None:
    if len(call.args) > place:
        return call.args[place]
    return next((given.value for given in call.keywords if given.arg == keyword), None)


def _sentence(given: ast.expr | None, scope: Scope) -> str:
    """The sentence where it stands, or where the name it has was last given to one."""
    if isinstance(given, ast.Name):
        before = [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == given.id for t in node.targets)
            and node.lineno < given.lineno
        ]
        given = max(before, key=lambda value: value.lineno, default=given)
    return "" if given is None else _text(given)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) for part in parts)
        case ast.FormattedValue(value=value):
            return f"‹{_word(value)}›"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case ast.IfExp(body=body):
            return _text(body)
        case _:
            return f"‹{_word(node)}›"


def _word(node: ast.expr) -> str:
    """A short name for a value that is put into a sentence."""
    match node:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="type")), attr="__name__"):
            return "kind"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower().replace("_", " ")
        case ast.Subscript(value=value, slice=ast.Constant(value=int())):
            return _word(value)
        case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value, attr="hex")):
            return _word(value)
        case ast.BoolOp(values=[first, *_]):
            return _word(first)
        case ast.Call(func=ast.Attribute(value=value, attr="isoformat")):
            return _word(value)
        case ast.Call(args=[first, *_]):
            return _word(first)
        case ast.Call(func=function):
            return _word(function)
        case _:
            return "value"
