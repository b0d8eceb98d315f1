"""What `verify` found, for people and programs."""

from infra.cli.output import notice, print_json, say
from infra.verify import Report


def show_report(report: Report, as_json: bool) -> None:
    """The whole report; the first culprit is named on stderr."""
    if as_json:
        print_json(
            {
                "ok": not report.found,
                "events": report.events,
                "view_rows": report.views,
                "seconds": round(report.seconds, 3),
                "events_per_second": round(report.events / max(report.seconds, 1e-9)),
                "head": report.head,
                "books_compared": report.books,
                "found": report.found,
                "findings": [found._asdict() for found in report.findings],
            }
        )
    else:
        rate = report.events / max(report.seconds, 1e-9)
        rows = "" if report.views is None else f" and {report.views:,} view rows"
        say(
            f"Checked {report.events:,} events{rows} in {report.seconds:.2f} s "
            f"({rate:,.0f} events/s)."
        )
        say(f"Head {report.head}")
        if report.books is False:
            say(
                "History went on meanwhile, so the books were not compared with the accounts: "
                "verify again when no run is under way."
            )
        if not report.found:
            say("Everything is as it was recorded.")
    if report.found:
        first = report.findings[0]
        where = "" if first.position is None else f" at position {first.position}"
        stream = "" if first.stream is None else f", stream {first.stream}"
        more = "" if report.found == 1 else f" ({report.found - 1:,} more findings)"
        notice(f"error: {first.code}{where}{stream}: {first.sentence}{more}")
