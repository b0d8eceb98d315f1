"""How results look: tables for people, one JSON document for programs, progress on stderr."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

NARROW = 80
"""Tables fit this width when nobody's terminal says otherwise."""

SAMPLE = 500
"""Rows that decide how wide the columns are."""

SMALL = 10_000
"""Work that is over before anybody could read a bar."""


class Column(NamedTuple):
    """A column of a table for people: `right` for numbers, `wrap` for sentences. What is neither
    is cut when the table would not fit, unless `keep`. Before anything is cut, columns that are
    `spare` are left out, the last one first: `show` and JSON have them.
    """

    title: str
    right: bool = False
    keep: bool = False
    wrap: bool = False
    spare: bool = False


class Report(Protocol):
    """Tells how much has been done so far, and what else is worth a look."""

    def __call__(self, done: int, detail: str = "") -> None: ...


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def print_json_list(rows: Iterable[Mapping[str, object]]) -> None:
    """A JSON array, written row by row: memory does not grow with the list."""
    opened = False
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        sys.stdout.write(("," if opened else "[") + "\n  " + text)
        opened = True
    sys.stdout.write("\n]\n" if opened else "[]\n")


def is_plain() -> bool:
    """Nobody's terminal, or one without colours."""
    return not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))


def bold(text: str) -> str:
    return text if is_plain() else f"\x1b[1m{text}\x1b[0m"


def print_table(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], empty: str, title: str = ""
) -> None:
    """A table that fits the width; rows are written as they come. `empty` is said instead when
    there are none.
    """
    from infra.cli.tables import Layout

    cells = ([shown(value) for value in row] for row in rows)
    first = list(islice(cells, SAMPLE))
    if not first:
        say(empty)
        return
    if title:
        say(bold(title))
    layout = Layout(columns, first, width())
    for line in layout.head():
        say(bold(line))
    for row in chain(first, cells):
        for line in layout.lines(row):
            say(line)


Cell = str | Callable[[Any], object]
"""What a column shows of a row's document: the value of a key, or what a function makes of it."""


Shown = Sequence[tuple[Column, Cell]]


def print_list(
    found: Iterable[Mapping[str, Any]], as_json: bool, columns: Shown, empty: str
) -> None:
    """A list as every listing verb shows it: one document for programs, a table for people."""
    if as_json:
        print_json_list(found)
        return
    cells = [cell for _, cell in columns]
    rows = ([one[c] if isinstance(c, str) else c(one) for c in cells] for one in found)
    print_table([column for column, _ in columns], rows, empty)


def print_card(fields: Iterable[tuple[str, object]]) -> None:
    """One thing, a field a line: `name  value`."""
    from infra.cli.tables import wrapped

    listed = [(name, shown(value)) for name, value in fields]
    indent = max(len(name) for name, _ in listed) + 2
    for name, value in listed:
        first, *more = wrapped(value, max(width() - indent, 20))
        say(bold(name.ljust(indent)) + first)
        for line in more:
            say(" " * indent + line)


def width() -> int:
    """Columns to fit: the terminal's, else 80."""
    if not sys.stdout.isatty():
        return NARROW
    return max(shutil.get_terminal_size((NARROW, 25)).columns, 40)


def shown(value: object) -> str:
    """A value as people read it in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def counted(count: int, word: str) -> str:
    """A number with its noun: `1 package`, `2,000 packages`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def say(text: str) -> None:
    """A line for people on stdout."""
    sys.stdout.write(text + "\n")


def notice(text: str) -> None:
    """A line for people on stderr: it never disturbs a JSON document."""
    sys.stderr.write(text + "\n")


@contextmanager
def progress(
    title: str, total: int | None, unit: str = "events", start: int = 0
) -> Generator[Report]:
    """A bar with rate and remaining time on stderr, only on a terminal. The caller tells how much
    is done, in all, as it goes. Nothing is drawn for less than `SMALL`.
    """
    if not sys.stderr.isatty() or (total is not None and total < SMALL):
        yield lambda done, detail="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} {task.fields[unit]}  {task.fields[rate]}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
        console=Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")) or None),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total, completed=start, unit=unit, rate="…", detail="")

        def report(done: int, detail: str = "") -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}" if speed else "…"
            bar.update(task, completed=done, rate=rate, detail=detail)

        yield report
