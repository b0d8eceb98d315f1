"""The settings that the program really reads, found in its sources.

A setting is the name of a variable handed to `.get(…)` of the environment, or a field of a class of
pydantic-settings whose prefix is `BILLSTREAM_`.
"""

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.sources import sources, tree_of

PREFIX = "BILLSTREAM_"


@cache
def known_settings() -> frozenset[str]:
    """The names of all variables."""
    return frozenset(
        name for path in sources() for node in ast.walk(tree_of(path)) for name in _names(node)
    )


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            if name.startswith(PREFIX):
                yield name
        case ast.ClassDef(bases=[ast.Name(id="BaseSettings"), *_], body=body):
            for field in body:
                match field:
                    case ast.AnnAssign(target=ast.Name(id=name)) if name != "model_config":
                        yield PREFIX + name.upper()
                    case _:
                        pass
        case _:
            pass
