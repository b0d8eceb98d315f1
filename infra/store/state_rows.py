"""State rows: the fold of a stream, written with its events in one transaction (decision 9)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package.events import PackageBilled
from aggregates.account_package.state import AccountPackageState
from aggregates.event import State
from aggregates.identity import StreamId
from aggregates.invoice_state import InvoiceState
from aggregates.receivables import ReceivablesState
from commands.store import Conflict, Staged
from infra.store.database import Row
from schemas.kinds import ITEMS, KINDS, STATELESS, fold

if TYPE_CHECKING:
    from infra.store.connect import HistoryConnection

_encode = msgspec.json.Encoder().encode

_INSERT = {
    "states": "INSERT INTO states VALUES (?, ?, ?, ?, ?)",
    "accounts": "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)",
    "account_packages": "INSERT INTO account_packages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "receivables": "INSERT INTO receivables VALUES (?, ?, ?, ?, ?)",
    "items": "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
}

COLUMNS = {
    "states": ("kind", "key", "version", "state"),
    "accounts": ("invoicer", "bill_group", "parent", "live", "version", "state"),
    "account_packages": ("account", "ref", "package", "live", "next_bill_date", "version", "state"),
    "receivables": ("account", "waiting", "version", "state"),
    "items": ("kind", "account", "ordinal", "open", "key", "version", "state"),
}
"""Of each table, after the stream: `version` and `state` come last."""

ITEM_COLUMNS = ("ordinal", "open", "key", "version", "state")
"""What changes of an item; its place in the books does not."""

KEPT_ITEM_COLUMNS = ("ordinal", "open", "version", "state")
"""Of an item that keeps its key: none of it is in an index."""

BILLED_COLUMNS = ("next_bill_date", "version", "state")
"""What billing changes: none of it is in an index, so rows stay where they are."""


_BILLED = frozenset({PackageBilled})


class MissingState(ValueError):
    """A stream whose kind keeps a state row was to be written without its state."""


class RowWrite(NamedTuple):
    """Rows written in one way; each must change exactly one row. A new row (`columns` empty) is
    the whole one; a changed one the values of `columns`, then its stream and version before.
    """

    table: str
    columns: tuple[str, ...]
    rows: list[Row]


@cache
def table_of(kind: str) -> str:
    """The table of a kind's state rows."""
    match kind:
        case "account":
            return "accounts"
        case "account_package":
            return "account_packages"
        case "receivables":
            return "receivables"
        case _:
            return "items" if kind in ITEMS else "states"


def row_of(
    kind: str,
    stream: bytes,
    version: int,
    state: Any,
    encoded: bytes,
    account: StreamId = b"",
) -> Row:
    """The row of a state, in the order of its table's columns. `account`: whose it is, if known."""
    match state:
        case AccountPackageState():
            account = identity.account(state.account)
            due = _day(state)
            live = not state.deleted
            return (stream, account, state.ref, state.package, live, due, version, encoded)
        case AccountState():
            invoicer = identity.account(state.invoicer)
            live = not state.deleted
            return (stream, invoicer, state.bill_group, state.parent, live, version, encoded)
        case ReceivablesState():
            account = identity.account(state.account)
            return (stream, account, len(state.waiting), version, encoded)
        case _:
            entry = KINDS[kind]
            key, item = entry.key(state), entry.item
            if item is None:
                return (stream, kind, key, version, encoded)
            account = account or identity.account(item.account(state))
            ordinal, is_open = item.ordinal(state), item.is_open(state)
            return (stream, kind, account, ordinal, is_open, key, version, encoded)


def row_writes(
    changes: Sequence[Staged], unnumbered: dict[bytes, Row] | None = None
) -> list[RowWrite]:
    """The statements that bring the state rows of a batch up to its events, inserts first. Rows
    of documents that get their number under the lock go to `unnumbered`, by stream, if it is
    given.
    """
    inserts: dict[str, list[Row]] = defaultdict(list)
    updates: dict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
    billed = updates["account_packages", BILLED_COLUMNS]
    for staged in _each_once(changes):
        stream, expected = staged.stream, staged.expected
        state = fold(staged.kind, staged.events) if staged.folds else staged.state
        if state is None:
            raise MissingState(f"{staged.kind} {identity.text(stream)} without its state")
        encoded = staged.encoded_state or _encode(state)
        version = expected + len(staged.events)
        if expected and _only_billed(staged):
            billed.append((_day(state), version, encoded, stream, expected))
            continue
        row = row_of(staged.kind, stream, version, state, encoded, staged.account)
        table = table_of(staged.kind)
        if expected:
            columns, values = _changing(staged.kind, table, row)
            updates[table, columns].append((*values, stream, expected))
        elif unnumbered is not None and _is_unnumbered(state):
            unnumbered[stream] = row
        else:
            inserts[table].append(row)
    return [
        *(RowWrite(table, (), rows) for table, rows in inserts.items()),
        *(RowWrite(*target, rows) for target, rows in updates.items() if rows),
    ]


def _changing(kind: str, table: str, row: Row) -> tuple[tuple[str, ...], Row]:
    """What changes of a row, which is whole: its columns and their values."""
    item = KINDS[kind].item
    if item is not None and item.keeps_key:
        _, _, _, ordinal, is_open, _, version, state = row
        return KEPT_ITEM_COLUMNS, (ordinal, is_open, version, state)
    columns = ITEM_COLUMNS if table == "items" else COLUMNS[table]
    return columns, row[-len(columns) :]


def write(connection: "HistoryConnection", writes: Iterable[RowWrite]) -> None:
    """Writes them by ascending id, as they lie in the file; a row that is not at its expected
    version is a conflict.
    """
    for table, columns, rows in writes:
        rows.sort(key=itemgetter(len(columns)))
        cursor = connection.executemany(_statement(table, columns), rows)
        if cursor.rowcount != len(rows):
            raise Conflict("a state row is not at the version that was read")


@cache
def _statement(table: str, columns: tuple[str, ...]) -> str:
    if not columns:
        return _INSERT[table]
    sets = ", ".join(f"{column} = ?" for column in columns)
    return f"UPDATE {table} SET {sets} WHERE stream = ? AND version = ?"


def _each_once(changes: Sequence[Staged]) -> Iterator[Staged]:
    """Those with a state row that have events; a stream stands in a batch once."""
    seen: set[bytes] = set()
    for staged in changes:
        if staged.stream in seen:
            raise ValueError(f"{staged.kind} {identity.text(staged.stream)} staged twice")
        seen.add(staged.stream)
        if staged.events and staged.kind not in STATELESS:
            yield staged


def _is_unnumbered(state: State) -> bool:
    return isinstance(state, InvoiceState) and not state.number


def _only_billed(staged: Staged) -> bool:
    return _BILLED.issuperset(map(type, staged.events))


def _day(state: State) -> str | None:
    due = getattr(state, "next_bill_date", None)
    return due.isoformat() if due is not None else None
