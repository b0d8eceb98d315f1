"""A preview for people and programs: the execution, its invoices, failures and left-behinds."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aggregates.chunk import Failure, LeftBehind
from aggregates.execution import Counts, add_counts
from aggregates.invoice import InvoiceGenerated, InvoiceLine, InvoiceLinesAdded
from infra.cli.output import Column, counted, print_table, say
from projections import invoices
from projections.shapes import Showing, execution_counts, period

if TYPE_CHECKING:
    from commands.billing.preview import Preview, WouldWrite

SHOWN = 20
"""Invoices and failures that people are shown; programs get all."""


class PreviewDocument:
    """Gathers what a preview would write, chunk by chunk; invoices in invoicer order (R29)."""

    def __init__(self, previewed: "Preview", showing: Showing, keep: int | None) -> None:
        self.previewed = previewed
        self.showing = showing
        self.counts = Counts()
        self.invoices: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self.left: list[LeftBehind] = []
        self._keep = keep

    def add(self, written: "WouldWrite") -> None:
        """What one more chunk would write."""
        self.counts = add_counts(self.counts, written.counts)
        for change in written.changes:
            if change.kind != "invoice" or change.expected:
                continue  # what happens to an earlier invoice makes none
            if self._room(self.invoices):
                self.invoices.append(_invoice(change.events, self.showing))
        for failure in written.failures:
            if self._room(self.failures):
                self.failures.append(failure)
        for package in written.left:
            if self._room(self.left):
                self.left.append(package)

    def _room(self, gathered: list[Any]) -> bool:
        return self._keep is None or len(gathered) < self._keep

    def as_json(self) -> dict[str, Any]:
        """The document of interface's `preview`: numbers are null."""
        settings = self.previewed.settings
        return {
            "id": None,
            "bill_run": self.previewed.bill_run,
            "schedule": None,
            "retry_of": None,
            "status": "completed_with_failures" if self.counts.failed else "completed",
            "requested_by": settings.requested_by or None,
            "business_date": settings.business_date.isoformat(),
            "started_at": None,
            "completed_at": None,
            "billing_period": period(settings.period_start, settings.period_end),
            **execution_counts(self.counts, self.showing),
            "head": None,
            "invoices": sorted(self.invoices, key=_by_invoicer),
            "failures": [
                {
                    "invoicer": failure.invoicer,
                    "account": failure.account,
                    "code": failure.code,
                    "message": failure.message,
                    "retry": None,
                    "resolved_by": None,
                }
                for failure in sorted(self.failures, key=lambda failure: failure.invoicer)
            ],
            "left_behind_packages": [
                {
                    "account_package": package.account_package,
                    "account": package.account,
                    "next_bill_date": package.next_bill_date.isoformat(),
                    "reason": package.reason,
                }
                for package in sorted(self.left, key=lambda left: left.account_package)
            ],
        }


def _by_invoicer(invoice: dict[str, Any]) -> str:
    return str(invoice["account"])


def _invoice(events: Iterable[object], showing: Showing) -> dict[str, Any]:
    lines: list[InvoiceLine] = []
    for event in events:
        if isinstance(event, InvoiceLinesAdded):
            lines += event.lines
        if isinstance(event, InvoiceGenerated):
            shape = invoices.generated(event, [*lines, *event.lines], showing)
            return {**shape, "execution": None}
    raise ValueError("an invoice without its closing event")


def print_preview(document: PreviewDocument) -> None:
    """The preview in tables: what would be billed, the first invoices, every kind of trouble."""
    counts, showing = document.counts, document.showing
    totals = ", ".join(f"{amount} {name}" for name, amount in showing.totals(counts.totals).items())
    say(
        f"Would bill {counted(counts.packages_billed, 'package')} in "
        f"{counted(counts.cycles_billed, 'cycle')} on "
        f"{counted(counts.invoices_generated, 'invoice')} ({totals or 'nothing to invoice'})."
    )
    say("Nothing was written.")
    if document.invoices:
        say("")
        columns = (
            Column("Account"),
            Column("Dated", keep=True),
            Column("Due", keep=True),
            Column("Lines", right=True),
            Column("Total", right=True),
            Column("", keep=True),
        )
        rows = (
            (
                found["account"],
                found["invoice_date"],
                found["due_date"],
                len(found["lines"]),
                found["total"],
                found["currency"],
            )
            for found in sorted(document.invoices, key=_by_invoicer)
        )
        print_table(columns, rows, "", title="Invoices")
        _more(counts.invoices_generated, len(document.invoices))
    if document.failures:
        say("")
        trouble = (Column("Invoicer"), Column("Code", keep=True), Column("What to do", wrap=True))
        failed = ((f.invoicer, f.code, f.message) for f in document.failures)
        print_table(trouble, failed, "", title="Would fail")
        _more(counts.failed, len(document.failures))
    if document.left:
        say("")
        behind = (Column("Account-package"), Column("Account"), Column("Due"), Column("Reason"))
        left = (
            (p.account_package, p.account, p.next_bill_date.isoformat(), p.reason)
            for p in document.left
        )
        print_table(behind, left, "", title="Would be left behind")
        _more(counts.left_behind, len(document.left))


def _more(count: int, shown: int) -> None:
    if count > shown:
        say(f"… and {count - shown:,} more; --json shows all")
