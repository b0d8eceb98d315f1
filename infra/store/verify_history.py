"""Proof that history is what was written and that everything kept beside it follows from it."""

import time
from dataclasses import dataclass
from functools import partial

from infra.store.chain import START
from infra.store.crew import Crew, Reader, Together, crew, worth_it
from infra.store.findings import Finding, Findings, Progress
from infra.store.owned import OwnedStore
from infra.store.verify_chain import check_expected
from infra.store.verify_folds import Streams, check_folds, share_out
from infra.store.verify_order import Order


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
    store: OwnedStore,
    expect: str | None = None,
    progress: Progress | None = None,
    together: Together | None = None,
) -> HistoryReport:
    """Checks order, hashes, commits, numbers, invoices, streams and state rows in one snapshot, in
    as many processes as are worth it: what is found is the same with any number of them. Memory
    does not grow with the history. `expect` is a head noted earlier.
    """
    with crew(store, *(together or worth_it(store))) as work:
        return check_history(work, expect, progress)


def check_history(crew: Crew, expect: str | None, progress: Progress | None) -> HistoryReport:
    """The same by processes that are there already."""
    began = time.monotonic()
    findings = Findings()
    newest = max(crew.newest, 0)
    tell = partial(_tell, progress, 2 * newest)
    if expect is not None:
        check_expected(crew.database, findings, *parse_head(expect))
    order = Order(crew)
    # Begun behind it, so that no process waits while another has the last part of the order.
    folds = crew.each(_check_streams, share_out(newest // crew.size + 1))
    head = order.finish(findings, tell)
    events = 0
    for count, found in folds:
        findings.extend(found)
        events += count
        tell(newest + events)
    return HistoryReport(
        events=events,
        seconds=time.monotonic() - began,
        head=head_text(head.last, head.root),
        findings=tuple(findings.kept),
        found=findings.count,
    )


def _check_streams(reader: Reader, streams: Streams) -> tuple[int, Findings]:
    findings = Findings()
    return check_folds(reader.database, streams, findings), findings


def _tell(progress: Progress | None, total: int, done: int) -> None:
    if progress is not None:
        progress(done, total)
