"""`import customers`: each row of a CSV file becomes an account with its packages.

Rows are read in batches, each one command and one transaction, so that memory does not grow with
the file. A row that cannot be imported is set aside with its line and reason and the others are
imported; `strict` refuses the whole for it. The same file again changes nothing.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, NamedTuple, TextIO

from aggregates import identity
from aggregates.refusal import Refusal
from commands.customer_mapping import CustomerMapping, getter
from commands.customer_rows import Layout, reader_of
from commands.handling import run_command
from commands.message import Command
from commands.personal import PersonalData
from commands.setup.account import SetAccount, set_account
from commands.setup.account_package import set_account_package
from commands.store import Store
from commands.workspace import Workspace

BATCH = 2_000
"""Rows of one transaction."""

SMALL = 10_000
"""Rows up to which one process is enough."""


class Line(NamedTuple):
    """A row with the number of the line it begins on."""

    number: int
    cells: list[str]


class Reject(NamedTuple):
    """A row that was set aside, and why."""

    line: Line
    code: str
    reason: str


@dataclass(slots=True)
class Imported:
    """What came of the rows."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def add(self, other: "Imported") -> None:
        for name in ("rows", "created", "changed", "unchanged", "rejected"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Batch:
    """What one transaction makes of its rows."""

    tally: Imported = field(default_factory=Imported)
    rejects: list[Reject] = field(default_factory=list[Reject])


class Step(NamedTuple):
    """Rows that are imported in one transaction, by a command of their own."""

    layout: Layout
    command: Command
    rows: list[Line]
    strict: bool


Spread = Callable[[Iterable[Step]], Iterable[Batch]]
"""Imports steps in any order; what came of them comes in theirs."""


class CustomerFile:
    """A customer file under a mapping: looked through once before anything is imported."""

    def __init__(self, name: str, mapping: CustomerMapping, text: TextIO) -> None:
        self.name = name
        self.mapping = mapping
        self._text = text
        self.header: list[str] = []
        self.rows = self._look_through()
        self.layout = Layout(name, mapping, tuple(self.header), self._columns())

    def close(self) -> None:
        self._text.close()

    def lines(self) -> Iterator[Line]:
        """The rows below the header, from the beginning."""
        self._text.seek(0)
        reader = csv.reader(self._text, delimiter=self.mapping.csv.delimiter, strict=True)
        next(reader)
        before = reader.line_num
        for cells in reader:
            if cells:
                yield Line(before + 1, cells)
            before = reader.line_num

    def rows_depend(self) -> bool:
        """Whether a row may need one before it: an account above it, or the same account or
        account-package again.
        """
        mapping = self.mapping
        if mapping.parent is not None or mapping.invoicer is not None:
            return True
        columns = self.layout.columns
        number = getter(mapping.number, columns)
        ids = [getter(package.id, columns) for package in mapping.packages]
        width = len(self.header)
        met: set[int] = set()
        count = 0
        for _, cells in self.lines():
            if len(cells) == width:
                try:
                    keys = [(0, number(cells)), *((1, id(cells)) for id in ids)]
                except Refusal:
                    continue  # it will be set aside, whatever comes before it
                met.update(map(hash, keys))
                count += len(keys)
        return len(met) < count

    def _look_through(self) -> int:
        """Counts the rows. Refused when the file is not what it should be, before any change."""
        line = 0
        try:
            reader = csv.reader(self._text, delimiter=self.mapping.csv.delimiter, strict=True)
            self.header = [name.strip() for name in next(reader, list[str]())]
            if self.header:
                self.header[0] = self.header[0].removeprefix("\ufeff")
            line = reader.line_num
            rows = 0
            for cells in reader:
                line = reader.line_num
                rows += bool(cells)
        except UnicodeError:
            raise self._not_utf8() from None
        except csv.Error as error:
            raise Refusal(
                "csv_invalid", f"{self.name}:{line + 1}: not CSV: {error}. Nothing was imported"
            ) from None
        if not rows:
            what = "has no rows below its header" if self.header else "is empty"
            raise Refusal("file_empty", f"{self.name} {what}: nothing to import")
        return rows

    def _columns(self) -> dict[str, int]:
        """Where each column stands. Refused when one that the mapping names is not there."""
        for key, source in self.mapping.sources():
            for column in source.columns():
                if self.header.count(column) == 1:
                    continue
                if column in self.header:
                    raise Refusal("column_twice", f"{self.name} has two columns {column!r}")
                raise self._missing(key, column)
        return {name: index for index, name in enumerate(self.header)}

    def _missing(self, key: str, column: str) -> Refusal:
        there = ", ".join(self.header[:12]) + (", …" if len(self.header) > 12 else "")
        advice = "name another column in the mapping"
        if len(self.header) == 1:
            advice = 'is the delimiter right? Set `csv: {delimiter: ";"}` in the mapping'
        return Refusal(
            "column_missing",
            f"{self.name} has no column {column!r}, which the mapping needs for `{key}`; it has "
            f"{there}: {advice}",
            column=column,
            columns=self.header,
        )

    def _not_utf8(self) -> Refusal:
        encoding = self.mapping.csv.encoding
        return Refusal(
            "file_not_utf8",
            f"{self.name}:{_bad_line(self._text)}: not {encoding}: save the file as UTF-8, or say "
            "what it is in the mapping with `csv: {encoding: latin-1}`. Nothing was imported",
        )


def import_customers(
    store: Store,
    file: CustomerFile,
    personal: PersonalData,
    *,
    command: Command,
    strict: bool,
    rejected: Callable[[Reject], None],
    progress: Callable[[int], None] = lambda done: None,
    spread: Spread | None = None,
) -> Imported:
    """Imports the file. `rejected` is told each row set aside, `progress` the rows done so far.
    Steps whose rows have nothing to do with each other may be `spread` over other processes.
    """
    total = Imported()
    steps = _steps(file, command, strict)
    if spread is not None and not strict and file.rows > SMALL and not file.rows_depend():
        done = spread(steps)
    else:
        seen: set[int] = set()
        done = (import_step(store, step, personal, seen) for step in steps)
    for batch in done:
        for reject in batch.rejects:
            rejected(reject)
        total.add(batch.tally)
        progress(total.rows)
    return total


def _steps(file: CustomerFile, command: Command, strict: bool) -> Iterator[Step]:
    """The rows in order, each step a command of its own."""
    lines = file.lines()
    while rows := list(islice(lines, file.rows if strict else BATCH)):
        step = Command(
            command.type,
            command.source,
            f"{command.id}:{rows[0].number}",
            {**command.body, "lines": [rows[0].number, rows[-1].number]},
            command.requested_by,
            identity.text(command.stream),
        )
        yield Step(file.layout, step, rows, strict)


def import_step(store: Store, step: Step, personal: PersonalData, seen: set[int]) -> Batch:
    """Imports the rows of a step. `seen` are the accounts and packages of the rows before."""
    layout, command, rows, strict = step
    batch = Batch()
    met: set[int] = set()

    def body(workspace: Workspace) -> dict[str, str]:
        nonlocal batch, met
        met = set()
        batch = put_rows(workspace, layout, rows, seen, met)
        if strict and batch.rejects:
            raise _refused(layout.name, batch.rejects)
        tally = batch.tally
        return {"created": str(tally.created), "changed": str(tally.changed)}

    outcome = run_command(store, command, body, personal)
    if outcome.repeated:
        batch.tally = Imported(rows=len(rows), unchanged=len(rows))
    seen |= met
    return batch


def put_rows(
    workspace: Workspace, layout: Layout, rows: list[Line], seen: set[int], met: set[int]
) -> Batch:
    """Puts the accounts and packages of the rows; one that is refused leaves nothing behind."""
    batch = Batch()
    tally = batch.tally
    width = len(layout.header)
    read_row = reader_of(layout)
    read: list[tuple[Line, SetAccount]] = []
    for line in rows:
        tally.rows += 1
        try:
            if len(line.cells) != width:
                raise Refusal(
                    "row_length", f"the row has {len(line.cells)} cells, the header has {width}"
                )
            read.append((line, read_row(line.cells)))
        except Refusal as refusal:
            batch.rejects.append(Reject(line, refusal.code, refusal.sentence))
    _prefetch(workspace, [entry for _, entry in read])
    for line, entry in read:
        workspace.mark()
        try:
            done = _put_row(workspace, entry, seen, met)
        except Refusal as refusal:
            if refusal.code == "no_owner":
                raise
            workspace.undo()
            batch.rejects.append(Reject(line, refusal.code, refusal.sentence))
            continue
        setattr(tally, done, getattr(tally, done) + 1)
    tally.rejected = len(batch.rejects)
    batch.rejects.sort(key=lambda reject: reject.line.number)
    return batch


def _put_row(workspace: Workspace, entry: SetAccount, seen: set[int], met: set[int]) -> str:
    account = hash(entry.number)
    done = set_account(workspace, entry)
    if done == "changed" and (account in seen or account in met):
        raise Refusal(
            "duplicate_name",
            f"account {entry.number} stands in the file before, with other values",
        )
    for package in entry.packages:
        ref = hash((entry.number, package.id))
        if ref in seen or ref in met:
            raise Refusal(
                "duplicate_name", f"account-package {package.id} stands in the file before"
            )
        came = set_account_package(workspace, entry.number, package)
        if done == "unchanged" and came != "unchanged":
            done = "changed"
    workspace.finish()
    met.add(account)
    met.update(hash((entry.number, package.id)) for package in entry.packages)
    return done


def _prefetch(workspace: Workspace, entries: list[SetAccount]) -> None:
    accounts = [identity.account(entry.number) for entry in entries]
    above = [identity.account(entry.parent) for entry in entries if entry.parent]
    workspace.prefetch("account", [*accounts, *above])
    workspace.prefetch_keys(accounts)
    held = [
        (account, package.id)
        for account, entry in zip(accounts, entries, strict=True)
        for package in entry.packages
    ]
    workspace.prefetch_refs(ref for _, ref in held)
    workspace.prefetch("account_package", (identity.account_package(*one) for one in held))


def _refused(name: str, rejects: list[Reject]) -> Refusal:
    shown = "; ".join(f"{name}:{r.line.number}: {r.reason}" for r in rejects[:20])
    more = f"; and {len(rejects) - 20} more" if len(rejects) > 20 else ""
    return Refusal(
        "rows_rejected",
        f"{shown}{more}. {len(rejects)} rows cannot be imported, so nothing was",
        errors=[
            {"line": r.line.number, "code": r.code, "reason": r.reason} for r in rejects[:1000]
        ],
        count=len(rejects),
    )


def _bad_line(text: TextIO) -> int:
    """The line of the first byte that is not in the encoding."""
    raw: BinaryIO = text.buffer
    raw.seek(0)
    for number, line in enumerate(raw, 1):
        try:
            line.decode(text.encoding)
        except UnicodeError:
            return number
    return 1
