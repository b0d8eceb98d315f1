"""State rows: the fold of a stream, written with its events in one transaction (decision 9)."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package.events import PackageBilled
from aggregates.account_package.state import AccountPackageState
from aggregates.event import State
from aggregates.receivables import ReceivablesState
from commands.store import Conflict, Staged
from schemas.kinds import KINDS, STATELESS

_encode = msgspec.json.Encoder().encode

INSERTS = {
    "states": "INSERT INTO states VALUES (?, ?, ?, ?, ?)",
    "accounts": "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)",
    "account_packages": "INSERT INTO account_packages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "receivables": "INSERT INTO receivables VALUES (?, ?, ?, ?, ?)",
}

_UPDATES = {
    "states": "UPDATE states SET kind = ?, key = ?, version = ?, state = ?",
    "accounts": "UPDATE accounts SET invoicer = ?, bill_group = ?, parent = ?, live = ?, "
    "version = ?, state = ?",
    "account_packages": "UPDATE account_packages SET account = ?, ref = ?, package = ?, live = ?, "
    "next_bill_date = ?, version = ?, state = ?",
    "receivables": "UPDATE receivables SET account = ?, waiting = ?, version = ?, state = ?",
}

_BILLED = "UPDATE account_packages SET next_bill_date = ?, version = ?, state = ?"
_AT = " WHERE stream = ? AND version = ?"


class MissingState(ValueError):
    """A stream whose kind keeps a state row was to be written without its state."""


class RowWrite(NamedTuple):
    """One statement with the rows it is run for; each must change exactly one row."""

    statement: str
    rows: list[tuple[Any, ...]]


def table_of(kind: str) -> str:
    match kind:
        case "account":
            return "accounts"
        case "account_package":
            return "account_packages"
        case "receivables":
            return "receivables"
        case _:
            return "states"


def row_of(kind: str, stream: bytes, version: int, state: Any, encoded: bytes) -> tuple[Any, ...]:
    """The row of a state, in the order of its table's columns."""
    match state:
        case AccountPackageState():
            account = identity.account(state.account)
            due = _day(state)
            live = int(not state.deleted)
            return (stream, account, state.ref, state.package, live, due, version, encoded)
        case AccountState():
            invoicer = identity.account(state.invoicer)
            live = int(not state.deleted)
            return (stream, invoicer, state.bill_group, state.parent, live, version, encoded)
        case ReceivablesState():
            account = identity.account(state.account)
            return (stream, account, len(state.waiting), version, encoded)
        case _:
            return (stream, kind, KINDS[kind].key(state), version, encoded)


def row_writes(changes: Sequence[Staged]) -> list[RowWrite]:
    """The statements that bring the state rows of a batch up to its events, inserts first."""
    inserts: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    updates: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for staged in _each_once(changes):
        state = staged.state
        if state is None:
            raise MissingState(f"{staged.kind} {identity.text(staged.stream)} without its state")
        encoded = staged.encoded_state or _encode(state)
        version = staged.expected + len(staged.events)
        if staged.expected and _only_billed(staged):
            updates[_BILLED + _AT].append(
                (_day(state), version, encoded, staged.stream, staged.expected)
            )
            continue
        table = table_of(staged.kind)
        row = row_of(staged.kind, staged.stream, version, state, encoded)
        if staged.expected:
            updates[_UPDATES[table] + _AT].append((*row[1:], staged.stream, staged.expected))
        else:
            inserts[INSERTS[table]].append(row)
    return [RowWrite(*item) for item in (*inserts.items(), *updates.items())]


def write(cursor: sqlite3.Cursor, writes: Iterable[RowWrite]) -> None:
    """Writes them; a row that is not at its expected version is a conflict."""
    for statement, rows in writes:
        cursor.executemany(statement, rows)
        if cursor.rowcount != len(rows):
            raise Conflict("a state row is not at the version that was read")


def _each_once(changes: Sequence[Staged]) -> Iterator[Staged]:
    """Those with a state row that have events; a stream stands in a batch once."""
    seen: set[bytes] = set()
    for staged in changes:
        if staged.stream in seen:
            raise ValueError(f"{staged.kind} {identity.text(staged.stream)} staged twice")
        seen.add(staged.stream)
        if staged.events and staged.kind not in STATELESS:
            yield staged


def _only_billed(staged: Staged) -> bool:
    return all(type(event) is PackageBilled for event in staged.events)


def _day(state: State) -> str | None:
    due = getattr(state, "next_bill_date", None)
    return due.isoformat() if due is not None else None
