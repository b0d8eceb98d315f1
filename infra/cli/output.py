"""How results look: tables for people, one JSON document for programs, progress on stderr."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 80
"""Tables fit this width when nobody's terminal says otherwise."""


class Column(NamedTuple):
    """A column of a table for people. `right` for numbers; `keep` is never cut or wrapped."""

    title: str
    right: bool = False
    keep: bool = False


Progress = Callable[[int], None]
"""Tells how much has been done so far."""


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


def console(stderr: bool = False) -> "Console":
    """Where people read: plain text when it is not a terminal or colour is not wanted."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    width = shutil.get_terminal_size((NARROW, 25)).columns if terminal else NARROW
    plain = not terminal or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        width=max(width, 40),
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def print_table(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], empty: str, title: str = ""
) -> None:
    """A table that fits the width. `empty` is said instead when there are no rows."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        show_edge=False,
        pad_edge=False,
        header_style="bold",
    )
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=column.keep,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(escape(shown(value)) for value in row))
    if table.row_count:
        _print(table)
    else:
        say(empty)


def print_card(fields: Iterable[tuple[str, object]]) -> None:
    """One thing, a field a line: `name  value`."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(escape(name), escape(shown(value)))
    _print(table)


def _print(renderable: object) -> None:
    out = console()
    with out.capture() as captured:
        out.print(renderable)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def shown(value: object) -> str:
    """A value as people read it in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def say(text: str) -> None:
    """A line for people on stdout."""
    sys.stdout.write(text + "\n")


def notice(text: str) -> None:
    """A line for people on stderr: it never disturbs a JSON document."""
    sys.stderr.write(text + "\n")


@contextmanager
def progress(title: str, total: int | None, unit: str = "events") -> Iterator[Progress]:
    """A bar with rate and remaining time on stderr, only on a terminal. The caller tells how much
    is done, in all, as it goes.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    rate = TextColumn("{task.completed:,.0f} {task.fields[unit]}  {task.fields[rate]}/s")
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        rate,
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total, unit=unit, rate="…")

        def report(done: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, rate=f"{speed:,.0f}" if speed else "…")

        yield report
