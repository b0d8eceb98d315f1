"""A run on the terminal while it runs: a bar, one line for all of it and one for each worker.

Drawn on stderr, on a terminal only, at most four times a second and by whoever bills, so that it
costs billing next to nothing. It is wiped when the run ends: what is left is the outcome.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

from commands.billing.scope import PACKAGES_A_CHUNK
from infra.cli.output import SMALL

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from aggregates.execution import Counts
    from consumers.progress import Progress, Tally

EVERY = 0.25
"""Seconds between two drawings."""

BAR = 24
MOST_WORKERS = 16
"""Lines of workers that are drawn: more would push the total off a terminal."""

Show = Callable[["Tally"], None]

LONGEST_NAME = 24
UNKNOWN = "…"

HEADINGS = ("", "packages", "invoices", "failed", "per second", "remaining")


@contextmanager
def run_progress(chunks: int, clock: Callable[[], float] = monotonic) -> Generator[Show]:
    """What is to be told after each chunk. Nothing is drawn for a run that is over before anybody
    could read it, nor where nobody looks.
    """
    if not is_watched(chunks):
        yield lambda tally: None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")) or None)
    drawn = float("-inf")
    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:

        def show(tally: "Tally") -> None:
            nonlocal drawn
            now = clock()
            if now - drawn >= EVERY:
                drawn = now
                live.update(drawing(tally.at(now)), refresh=True)

        yield show


def is_watched(chunks: int) -> bool:
    """Somebody looks, and there is something to see."""
    return sys.stderr.isatty() and chunks * PACKAGES_A_CHUNK >= SMALL


def drawing(progress: "Progress") -> "Group":
    """What stands on the terminal."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    bar = Table.grid(padding=(0, 2))
    part = progress.done / progress.chunks if progress.chunks else 1.0
    done = ProgressBar(total=max(progress.chunks, 1), completed=progress.done, width=BAR)
    told = f"{part:4.0%}  {progress.done:,} of {progress.chunks:,} chunks"
    bar.add_row("billing", done, told)
    return Group(bar, _figures(progress))


def _figures(progress: "Progress") -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for heading in HEADINGS:
        table.add_column(justify="right" if heading else "left", no_wrap=True)
    for row in rows(progress):
        table.add_row(*row)
    return table


def rows(progress: "Progress") -> Iterator[Sequence[str]]:
    """The cells under the bar: headings, all of it, then each worker if there are several."""
    yield HEADINGS
    yield ("total", *_cells(progress.counts, progress.rate, progress.remaining))
    workers = progress.workers
    if len(workers) < 2:
        return
    for share in workers[:MOST_WORKERS]:
        name = _short(share.worker)
        yield (f"  {name}", *_cells(share.counts, share.rate, share.remaining))
    if len(workers) > MOST_WORKERS:
        yield (f"  and {len(workers) - MOST_WORKERS} more", "", "", "", "", "")


def _cells(counts: "Counts", rate: float | None, remaining: float | None) -> tuple[str, ...]:
    return (
        f"{counts.packages_billed:,}",
        f"{counts.invoices_generated:,}",
        f"{counts.failed:,}",
        _rate(rate),
        _time(remaining),
    )


def _rate(rate: float | None) -> str:
    if rate is None:
        return UNKNOWN
    return f"{rate:,.1f}" if rate < 10 else f"{rate:,.0f}"


def _time(seconds: float | None) -> str:
    """Hours, minutes and seconds, as on a clock."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _short(worker: str) -> str:
    """The end of a long name tells workers apart: their process."""
    name = worker or "here"
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
