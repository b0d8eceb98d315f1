"""Everything at once: history, what is kept beside it, and the views made of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from aggregates.refusal import Refusal
from infra.store.findings import Finding

if TYPE_CHECKING:
    from infra.composition import App
    from infra.store.crew import Crew

Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What was checked. `head` is POSITION:ROOT; `views` counts the rows compared, None when
    views were left out. `findings` begins with the first culprit; `found` counts all. `books` is
    None where there is no journal, and False when history went on while it was compared.
    """

    events: int
    seconds: float
    head: str
    views: int | None
    found: int
    findings: list[Finding] = field(default_factory=list[Finding])
    books: bool | None = None


def verify_all(app: "App", *, views: bool, expect: str | None, progress: Progress) -> Report:
    """Checks history; and with `views`, that each view equals its rebuild.

    Refused with `head_invalid` when `expect` is not POSITION:ROOT.
    """
    from infra.store.crew import crew, worth_it
    from infra.store.verify_history import check_history, parse_head

    if expect is not None:
        try:
            parse_head(expect)
        except ValueError:
            raise Refusal(
                "head_invalid",
                "--expect takes POSITION:ROOT as `verify` printed it: a number and 64 "
                "hexadecimal digits",
            ) from None
    began = monotonic()
    with crew(app.store, *worth_it(app.store)) as work:
        history = check_history(work, expect, lambda done, total: progress(done))
        found = list(history.findings)
        report = Report(history.events, 0.0, history.head, None, history.found, found)
        if views and not history.found:
            _compare_views(app, work, report, progress)
    report.seconds = monotonic() - began
    return report


def _compare_views(app: "App", crew: "Crew", report: Report, progress: Progress) -> None:
    from infra.verify_books import verify_books
    from infra.views.compare import compare_together, compare_with_rebuild
    from infra.views.registry import ON_DEMAND

    app.views.catch_up()
    compared = compare_together(crew, progress)
    report.views = compared.rows
    differences = list(compared.differences)
    if app.books.places():
        on_demand = compare_with_rebuild(app.store, lambda _: None, ON_DEMAND)
        report.views += on_demand.rows
        differences += on_demand.differences
        wrong = verify_books(app)
        report.books = wrong is not None
        report.found += len(wrong or ())
        report.findings += wrong or ()
    for difference in differences:
        report.found += 1
        sentence = f"{difference}; rebuild it with `billstream views rebuild`"
        report.findings.append(Finding("view_differs", sentence, None, None, difference.view))
