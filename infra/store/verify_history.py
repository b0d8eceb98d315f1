"""Proof that history is what was written and that everything kept beside it follows from it."""

import time
from dataclasses import dataclass
from functools import partial

from infra.store.chain import START
from infra.store.findings import Finding, Findings, Progress
from infra.store.owned import OwnedStore
from infra.store.verify_chain import NOTHING, check_chain, check_expected
from infra.store.verify_folds import check_folds
from infra.store.verify_invoices import InvoiceChecks


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """`head` is `POSITION:ROOT`, to be noted elsewhere and given to `--expect` later. `findings`
    begins with the first culprit; `found` counts all of them.
    """

    events: int
    seconds: float
    head: str
    findings: tuple[Finding, ...]
    found: int

    @property
    def clean(self) -> bool:
        return self.found == 0


def head_text(position: int, root: bytes) -> str:
    """A head as it is printed and given back: `POSITION:ROOT`."""
    return f"{position}:{root.hex()}"


def parse_head(written: str) -> tuple[int, str]:
    """Raises ValueError for anything but `POSITION:ROOT` with 64 hexadecimal digits."""
    position, _, root = written.partition(":")
    try:
        if len(bytes.fromhex(root)) == len(START):
            return int(position), root
    except ValueError:
        pass  # said below
    raise ValueError(f"not POSITION:ROOT: {written}")


def verify_history(
    store: OwnedStore, expect: str | None = None, progress: Progress | None = None
) -> HistoryReport:
    """Checks order, hashes, commits, numbers, invoices, streams and state rows in one snapshot.
    Memory does not grow with the history. `expect` is a head noted earlier.
    """
    began = time.monotonic()
    findings = Findings()
    with store.proving() as database:
        newest = database.execute("SELECT max(position) FROM events").fetchone()[0] or 0
        tell = partial(_tell, progress, 2 * newest)
        if expect is not None:
            check_expected(database, findings, *parse_head(expect))
        invoices = InvoiceChecks(database, findings)
        head = NOTHING
        for head in check_chain(database, findings, invoices):
            tell(head.last)
        invoices.finish()
        events = 0
        for count in check_folds(database, findings):
            events += count
            tell(newest + events)
    return HistoryReport(
        events=events,
        seconds=time.monotonic() - began,
        head=head_text(head.last, head.root),
        findings=tuple(findings.kept),
        found=findings.count,
    )


def _tell(progress: Progress | None, total: int, done: int) -> None:
    if progress is not None:
        progress(done, total)
