"""The project's own sources, for tests that look at them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from infra.own_packages import ROOMS

ROOT = Path(__file__).resolve().parent.parent.parent


def sources(*folders: str) -> list[Path]:
    """Every Python file of the folders (all rooms without any), sorted."""
    return sorted(
        path
        for folder in folders or ROOMS
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


@cache
def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def named(path: Path) -> str:
    """The file as documents name it: from the project's root."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with the number of its lines, docstring and decorators included."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min((line.lineno for line in node.decorator_list), default=node.lineno)
            yield node.name, (node.end_lineno or first) - first + 1
