"""State rows: the fold of a stream, written with its events in one transaction (decision 9)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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


MakeRow = Callable[[bytes, int, Any, bytes, StreamId], Row]
"""The row of a state, from its stream, version, state, encoded state, and whose it is, if known."""


def _package_row(
    stream: bytes, version: int, state: AccountPackageState, encoded: bytes, _: StreamId
) -> Row:
    account, live = identity.account(state.account), not state.deleted
    return (stream, account, state.ref, state.package, live, _day(state), version, encoded)


def _account_row(
    stream: bytes, version: int, state: AccountState, encoded: bytes, _: StreamId
) -> Row:
    invoicer, live = identity.account(state.invoicer), not state.deleted
    return (stream, invoicer, state.bill_group, state.parent, live, version, encoded)


def _receivables_row(
    stream: bytes, version: int, state: ReceivablesState, encoded: bytes, _: StreamId
) -> Row:
    return (stream, identity.account(state.account), len(state.waiting), version, encoded)


_MAKERS: dict[str, MakeRow] = {
    "account": _account_row,
    "account_package": _package_row,
    "receivables": _receivables_row,
}


@cache
def _maker(kind: str) -> MakeRow:
    """Makes the rows of a kind, in the order of their table's columns."""
    if kind in _MAKERS:
        return _MAKERS[kind]
    key, item = KINDS[kind].key, KINDS[kind].item
    if item is None:

        def setup_row(stream: bytes, version: int, state: Any, encoded: bytes, _: StreamId) -> Row:
            return (stream, kind, key(state), version, encoded)

        return setup_row
    account_of, ordinal, is_open, _ = item

    def item_row(stream: bytes, version: int, state: Any, encoded: bytes, whose: StreamId) -> Row:
        account = whose or identity.account(account_of(state))
        place, open = ordinal(state), is_open(state)
        return (stream, kind, account, place, open, key(state), version, encoded)

    return item_row


def row_of(kind: str, stream: bytes, version: int, state: Any, encoded: bytes) -> Row:
    """The row of a state, in the order of its table's columns."""
    return _maker(kind)(stream, version, state, encoded, b"")


class RowWrites:
    """What brings the state rows of a batch up to its events, gathered some changes at a time.
    Rows of documents that get their number under the lock go to `unnumbered`, by stream.
    """

    def __init__(self) -> None:
        self.unnumbered: dict[bytes, Row] = {}
        self._inserts: dict[str, list[Row]] = defaultdict(list)
        self._updates: dict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
        self._seen: set[bytes] = set()

    def add(self, changes: Sequence[Staged]) -> None:
        """A stream stands in a batch once."""
        for kind, listed in self._each_once(changes).items():
            make, table, (columns, changing) = _maker(kind), table_of(kind), _changing(kind)
            inserted, updated = self._inserts[table], self._updates[table, columns]
            billed = self._updates["account_packages", BILLED_COLUMNS]
            for staged in listed:
                stream, expected = staged.stream, staged.expected
                state = fold(kind, staged.events) if staged.folds else staged.state
                if state is None:
                    raise MissingState(f"{kind} {identity.text(stream)} without its state")
                encoded = staged.encoded_state or _encode(state)
                version = expected + len(staged.events)
                if expected and _only_billed(staged):
                    billed.append((_day(state), version, encoded, stream, expected))
                    continue
                row = make(stream, version, state, encoded, staged.account)
                if expected:
                    updated.append((*changing(row), stream, expected))
                elif _is_unnumbered(state):
                    self.unnumbered[stream] = row
                else:
                    inserted.append(row)

    def statements(self) -> list[RowWrite]:
        """Inserts first."""
        return [
            *(RowWrite(table, (), rows) for table, rows in self._inserts.items() if rows),
            *(RowWrite(*target, rows) for target, rows in self._updates.items() if rows),
        ]

    def _each_once(self, changes: Sequence[Staged]) -> dict[str, list[Staged]]:
        """Those with a state row that have events, by kind."""
        found: dict[str, list[Staged]] = defaultdict(list)
        seen = self._seen
        for staged in changes:
            if staged.stream in seen:
                raise ValueError(f"{staged.kind} {identity.text(staged.stream)} staged twice")
            seen.add(staged.stream)
            if staged.events and staged.kind not in STATELESS:
                found[staged.kind].append(staged)
        return found


def row_writes(changes: Sequence[Staged]) -> list[RowWrite]:
    """The same for changes without documents that wait for a number."""
    writes = RowWrites()
    writes.add(changes)
    rows = list(writes.unnumbered.values())
    return [*([RowWrite("items", (), rows)] if rows else []), *writes.statements()]


@cache
def _changing(kind: str) -> tuple[tuple[str, ...], Callable[[Row], Row]]:
    """What changes of a row of the kind, which is whole: its columns, and their values in it."""
    item, table = KINDS[kind].item, table_of(kind)
    columns = ITEM_COLUMNS if item is not None else COLUMNS[table]
    if item is not None and item.keeps_key:
        columns = KEPT_ITEM_COLUMNS
    whole = ("stream", *COLUMNS[table])
    return columns, itemgetter(*map(whole.index, columns))


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


def _is_unnumbered(state: State) -> bool:
    return isinstance(state, InvoiceState) and not state.number


def _only_billed(staged: Staged) -> bool:
    return _BILLED.issuperset(map(type, staged.events))


def _day(state: State) -> str | None:
    due = getattr(state, "next_bill_date", None)
    return due.isoformat() if due is not None else None
