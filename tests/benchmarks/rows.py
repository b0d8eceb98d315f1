"""The rows of the report: each measurement is a function that gives rows, listed here in order.

A measurement takes the `Bench`, which says where to measure and how much, and returns rows that
bear their own bar. One that needs a part that is missing raises `Missing`: the report then says so
and goes on.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from tests.benchmarks.bench import Bench


class Row(NamedTuple):
    """One figure beside its bar. `reached` is None where there is no bar; `note` tells what the
    figure was made of.
    """

    what: str
    figure: str
    bar: str = ""
    reached: bool | None = None
    note: str = ""


class Point(NamedTuple):
    """One point of a plot: `line` names the series, `x` and `y` the place."""

    line: str
    x: float
    y: float


class Plot(NamedTuple):
    """Drawn as SVG beside the report."""

    name: str
    title: str
    x: str
    y: str
    points: tuple[Point, ...]


class Measured(NamedTuple):
    """What a measurement gives."""

    rows: tuple[Row, ...]
    plots: tuple[Plot, ...] = ()


class Missing(Exception):
    """Something this measurement needs is not on this machine; the text says what."""


Measurement = Callable[[Bench], Measured]

MEASUREMENTS: tuple[str, ...] = (
    "tests.benchmarks.whole_runs:complete_run",
    "tests.benchmarks.whole_runs:with_history",
    "tests.benchmarks.whole_runs:growth",
    "tests.benchmarks.whole_runs:more_workers",
    "tests.benchmarks.large_invoicer:large_invoicer",
    "tests.benchmarks.kafka_rows:relay_to_views",
    "tests.benchmarks.whole_runs:embedded",
    "tests.benchmarks.history:rebuild",
    "tests.benchmarks.history:verify",
    "tests.benchmarks.history:replay",
    "tests.benchmarks.history:customers",
    "tests.benchmarks.history:setup_file",
    "tests.benchmarks.owed:money_owed",
    "tests.benchmarks.naive:naive",
)
"""`module:function` of each, in the order of the report."""


def names() -> list[str]:
    """The short names, in the order of the report."""
    return [place.partition(":")[2] for place in MEASUREMENTS]


def measurements(only: Sequence[str] = ()) -> list[tuple[str, Measurement]]:
    """Every measurement with its short name, or those whose name is in `only`."""
    found: list[tuple[str, Measurement]] = []
    for place in MEASUREMENTS:
        module, _, name = place.partition(":")
        if not only or name in only:
            found.append((name, getattr(import_module(module), name)))
    return found


def at_least(what: str, value: float, bar: float, form: str = ",.0f", note: str = "") -> Row:
    """A row whose figure must reach its bar."""
    return Row(what, format(value, form), f"≥ {format(bar, form)}", value >= bar, note)


def at_most(what: str, value: float, bar: float, form: str = ",.0f", note: str = "") -> Row:
    """A row whose figure must not pass its bar."""
    return Row(what, format(value, form), f"≤ {format(bar, form)}", value <= bar, note)
