"""`import customers`: each row of a CSV file becomes an account with its packages.

The rows are imported in batches, each one command and one transaction, so that memory does not
grow with the file. A row that cannot be imported is set aside with its line and reason and the
others are imported; `strict` refuses the whole for it. The same file again changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from aggregates import identity
from aggregates.refusal import Refusal
from commands.customer_file import CustomerFile, Line, Piece, lines_of
from commands.customer_rows import Layout, reader_of
from commands.handling import run_command
from commands.message import Command
from commands.personal import PersonalData
from commands.setup.account import SetAccount, set_account
from commands.setup.account_package import set_account_package
from commands.store import Store
from commands.workspace import Workspace


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
    piece: Piece
    strict: bool


Spread = Callable[[Iterable[Step]], Iterable[Batch]]
"""Imports steps in any order; what came of them comes in theirs."""


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
    if spread is not None and not strict and not file.rows_depend:
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
    for piece in file.pieces(whole=strict):
        step = Command(
            command.type,
            command.source,
            f"{command.id}:{piece.first}",
            {**command.body, "lines": [piece.first, piece.last]},
            command.requested_by,
            identity.text(command.stream),
        )
        yield Step(file.layout, step, piece, strict)


def import_step(store: Store, step: Step, personal: PersonalData, seen: set[int]) -> Batch:
    """Imports the rows of a step. `seen` are the accounts and packages of the rows before."""
    layout, command, piece, strict = step
    rows = list(lines_of(piece, layout.mapping.csv.delimiter))
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
    keys = [account]
    done = set_account(workspace, entry)
    if done == "changed" and (account in seen or account in met):
        raise Refusal(
            "duplicate_name",
            f"account {entry.number} stands in the file before, with other values",
        )
    for package in entry.packages:
        key = hash((entry.number, package.id))
        if key in seen or key in met:
            raise Refusal(
                "duplicate_name", f"account-package {package.id} stands in the file before"
            )
        keys.append(key)
        came = set_account_package(workspace, entry.number, package)
        if done == "unchanged" and came != "unchanged":
            done = "changed"
    workspace.finish()
    met.update(keys)
    return done


def _prefetch(workspace: Workspace, entries: list[SetAccount]) -> None:
    above = (identity.account(entry.parent) for entry in entries if entry.parent)
    workspace.prefetch("account", above)
    workspace.prefetch_customers(
        (identity.account(entry.number), [package.id for package in entry.packages])
        for entry in entries
    )


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
