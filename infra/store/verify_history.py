"""Proof that history is what was written and that everything kept beside it follows from it."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from infra.store.chain import START
from infra.store.findings import Finding, Findings, Progress
from infra.store.sqlite import SqliteStore
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
    store: SqliteStore, expect: str | None = None, progress: Progress | None = None
) -> HistoryReport:
    """Checks order, hashes, commits, numbers, invoices, streams and state rows in one snapshot.
    Memory does not grow with the history. `expect` is a head noted earlier.
    """
    began = time.monotonic()
    findings = Findings()
    with store.datastore.cursor(commit=False) as cursor, _any_text(cursor.connection):
        connection = cursor.connection
        newest = connection.execute("SELECT max(position) FROM events").fetchone()[0] or 0
        tell = partial(_tell, progress, 2 * newest)
        if expect is not None:
            check_expected(connection, findings, *parse_head(expect))
        invoices = InvoiceChecks(connection, findings)
        head = NOTHING
        for head in check_chain(connection, findings, invoices):
            tell(head.last)
        invoices.finish()
        events = 0
        for count in check_folds(connection, findings):
            events += count
            tell(newest + events)
    return HistoryReport(
        events=events,
        seconds=time.monotonic() - began,
        head=head_text(head.last, head.root),
        findings=tuple(findings.kept),
        found=findings.count,
    )


@contextmanager
def _any_text(connection: sqlite3.Connection) -> Generator[None]:
    """Reads text that is none, which somebody may have put there, without failing."""
    before = connection.text_factory
    connection.text_factory = _decode
    try:
        yield
    finally:
        connection.text_factory = before


def _decode(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _tell(progress: Progress | None, total: int, done: int) -> None:
    if progress is not None:
        progress(done, total)
