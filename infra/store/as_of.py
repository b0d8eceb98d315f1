"""Then: the same answers as a snapshot, about the past, from events (design decisions 10, 21).

Candidates come from the state rows of now, which keep every aggregate that ever was, put right by
the invoicer changes since. What the billing pass asks costs a few times what the snapshot costs;
`children_of` and `is_absent` go through all accounts, for nobody decides about the past.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import islice

from aggregates import identity
from aggregates.account import InvoicerChanged
from aggregates.counting import Fact
from aggregates.identity import StreamId
from commands.store import (
    Absence,
    AccountRow,
    Head,
    ItemRow,
    PackageRow,
    ReceivablesRow,
    Recorded,
    Versioned,
)
from infra.store import asking, by_number, chain, checks, folding
from infra.store.database import Database
from infra.store.meta import moment
from infra.store.numbers import raised_in
from infra.store.rows import batches, by_account, read_event, span_of
from schemas.kinds import KINDS

_PAGE = 1000
_EVENT = "position, stream, topic, schema_version, payload"


class PastReading:
    """History as it was when `position` was its head, or in the middle of a commit."""

    def __init__(self, database: Database, position: int) -> None:
        self._database = database
        self._position = position
        self._latest: tuple[object, list[AccountRow]] | None = None

    @property
    def head(self) -> Head:
        """The last whole commit at or before the position."""
        query = "SELECT last, root, at FROM commits WHERE last <= ? ORDER BY first DESC LIMIT 1"
        row = self._database.execute(query, (self._position,)).fetchone()
        position, root, at = (0, chain.START, 0) if row is None else row
        return Head(position, root, moment(at))

    def get(self, kind: str, stream: StreamId) -> Versioned | None:
        return self.get_many(kind, (stream,)).get(stream)

    def get_many(self, kind: str, streams: Iterable[StreamId]) -> dict[StreamId, Versioned]:
        return {found.stream: found for found in self._folded(kind, streams)}

    def all_of(self, kind: str, key: str = "") -> Iterator[Versioned]:
        rows = self._database.execute("SELECT stream FROM states WHERE kind = ?", (kind,))
        key_of = KINDS[kind].key
        found = [(key_of(it.state), it) for it in self._folded(kind, _first(rows))]
        found.sort(key=lambda pair: (pair[0], pair[1].stream))
        return iter([it for its_key, it in found if its_key.startswith(key)])

    def package_by_ref(self, refs: Iterable[str]) -> dict[str, PackageRow]:
        query = "SELECT stream FROM account_packages WHERE ref"
        streams = (
            stream
            for some in batches(refs, checks.MANY)
            for among, params in (self._database.among(some),)
            for stream in _first(self._database.execute(f"{query} {among}", params))
        )
        return {row.state.ref: row for row in self._packages(streams)}

    def packages_of(self, accounts: Iterable[StreamId]) -> list[PackageRow]:
        found = self._packages(self._package_streams(accounts))
        return sorted(found, key=lambda row: (row.account, row.stream))

    def members_of(self, invoicer: StreamId) -> list[AccountRow]:
        return self.accounts_in(invoicer, invoicer + b"\x00", ())

    def children_of(self, number: str) -> Iterator[AccountRow]:
        return (row for row in self._every_account() if row.state.parent == number)

    def receivables_of(self, accounts: Iterable[StreamId]) -> dict[StreamId, ReceivablesRow]:
        streams = (identity.receivables(account) for account in accounts)
        return {
            account: ReceivablesRow(stream, version, account, state)
            for stream, version, state in self._folded("receivables", streams)
            for account in (identity.account(state.account),)
        }

    def items_of(
        self, kind: str, accounts: Iterable[StreamId], only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        found: dict[StreamId, list[ItemRow]] = {}
        for account in accounts:
            found.update(self.items_in(kind, account, account + b"\x00", only_open))
        return found

    def items_in(
        self, kind: str, low: bytes, high: bytes, only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        query = "SELECT stream FROM items WHERE kind = ? AND stream >= ? AND account >= ?"
        first, last = span_of(low, high)
        params: list[object] = [kind, first, low]
        if high:
            query += " AND stream < ? AND account < ?"
            params += [last, high]
        streams = _first(self._database.execute(f"{query} ORDER BY stream", params).fetchall())
        return by_account(self._items(kind, streams, only_open))

    def open_items_in(
        self, kinds: Sequence[str], low: bytes, high: bytes, up_to: Mapping[str, int]
    ) -> dict[StreamId, dict[str, list[ItemRow]]]:
        found: dict[StreamId, dict[str, list[ItemRow]]] = {}
        for kind in kinds:
            most = up_to.get(kind)
            for account, rows in self.items_in(kind, low, high).items():
                of_kind = rows if most is None else [row for row in rows if row.ordinal <= most]
                if of_kind:
                    found.setdefault(account, {})[kind] = of_kind
        return found

    def items_at_work(
        self, kind: str, key: str, after: StreamId = b"", limit: int = 1000
    ) -> list[ItemRow]:
        query = "SELECT stream FROM items WHERE kind = ? AND stream > ? ORDER BY stream"
        streams = _first(self._database.execute(query, (kind, after)).fetchall())
        key_of = KINDS[kind].key
        found = (row for row in self._items(kind, streams, False) if key_of(row.state) == key)
        return list(islice(found, limit))

    def has_items(self, kind: str) -> bool:
        return checks.has_items(self._database, kind)

    def is_absent(self, absence: Absence) -> bool:
        value = absence.value
        match absence.kind, absence.column:
            case "account", "bill_group":
                return all(row.state.bill_group != value for row in self._every_account())
            case "account", "parent":
                return all(row.state.parent != value for row in self._every_account())
            case "account", "invoicer":
                members = self.members_of(bytes(value) if isinstance(value, bytes) else b"")
                return all(row.stream == row.invoicer for row in members)
            case "account_package", "account":
                return not self.packages_of([value] if isinstance(value, bytes) else [])
            case "account_package", "ref":
                return not self.package_by_ref([str(value)])
            case "invoice", "after":
                return checks.is_absent(self._database, absence)
            case _:
                query = "SELECT stream FROM account_packages WHERE package = ?"
                streams = _first(self._database.execute(query, (value,)))
                return not any(True for _ in self._packages(streams))

    def moved_among(self, accounts: Sequence[StreamId], after: int) -> set[StreamId]:
        return asking.moved_among(self._database, accounts, after)

    def next_number(self, series: str) -> int:
        """After the last number given and not before where the series was raised to."""
        query = f"SELECT {_EVENT} FROM events WHERE stream = ? AND position <= ?"
        following = 0
        for row in self._database.execute(query, (identity.owner(), self._position)):
            following = max(following, raised_in(read_event(*row), series))
        last = self._last_number(series)
        return max(following, last + 1) if following or last else 0

    def invoicers_due(
        self,
        groups: Sequence[str],
        end: date,
        low: bytes = b"",
        high: bytes = b"",
        *,
        everyone: bool = False,
    ) -> Iterator[tuple[StreamId, int]]:
        for page_low, page_high in self._pages(low, high):
            invoicer_of = {
                row.stream: row.invoicer for row in self.accounts_in(page_low, page_high, groups)
            }
            due = dict.fromkeys(invoicer_of.values() if everyone else (), 0)
            for waiting in self._waiting(invoicer_of):
                due.setdefault(invoicer_of[waiting.account], 0)
            for package in self._due(invoicer_of, end):
                invoicer = invoicer_of[package.account]
                due[invoicer] = due.get(invoicer, 0) + 1
            yield from sorted(due.items())

    def accounts_in(self, low: bytes, high: bytes, groups: Sequence[str]) -> list[AccountRow]:
        """Asked again for the same range, as for its packages, it is not folded again."""
        asked = (low, high, tuple(groups))
        if self._latest is None or self._latest[0] != asked:
            self._latest = asked, self._accounts_in(low, high, groups)
        return self._latest[1]

    def _accounts_in(self, low: bytes, high: bytes, groups: Sequence[str]) -> list[AccountRow]:
        found = [
            AccountRow(stream, version, identity.account(state.invoicer), state)
            for stream, version, state in self._folded("account", self._candidates(low, high))
            if not state.deleted and (not groups or state.bill_group in groups)
        ]
        return sorted(found, key=lambda row: (row.invoicer, row.stream))

    def due_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> list[PackageRow]:
        order = self._order(low, high, groups)
        found = self._due(order, end)
        return sorted(found, key=lambda row: (order[row.account], row.stream))

    def later_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> dict[StreamId, int]:
        accounts = {row.stream: row.invoicer for row in self.accounts_in(low, high, groups)}
        later: dict[StreamId, int] = {}
        for package in self._packages(self._package_streams(accounts)):
            due = package.state.next_bill_date
            if due is not None and due > end:
                invoicer = accounts[package.account]
                later[invoicer] = later.get(invoicer, 0) + 1
        return later

    def histories(self, streams: Iterable[StreamId]) -> dict[StreamId, list[Recorded]]:
        return asking.streams(self._database, streams, self._position)

    def billed_since(self, after: Mapping[StreamId, int]) -> dict[StreamId, list[Fact]]:
        return asking.billed_since(self._database, after, self._position)

    # how they are found

    @cached_property
    def _moved(self) -> dict[StreamId, StreamId]:
        """Accounts whose invoicer changed since, with the one they had then."""
        query = f"""
            SELECT {_EVENT} FROM events
            WHERE topic = 'account.invoicer_changed' AND position > ? ORDER BY position DESC
        """
        moved: dict[StreamId, StreamId] = {}
        for position, stream, *stored in self._database.execute(query, (self._position,)):
            event: InvoicerChanged = read_event(position, stream, *stored)
            moved[stream] = identity.account(event.previous)
        return moved

    def _candidates(self, low: bytes, high: bytes) -> list[StreamId]:
        """Accounts whose invoicer lay in the range then, and some that did not exist yet."""
        query = "SELECT stream FROM accounts WHERE invoicer >= ?"
        params: list[object] = [low]
        if high:
            query += " AND invoicer < ?"
            params.append(high)
        moved = self._moved
        here = {s for s in _first(self._database.execute(query, params)) if s not in moved}
        here.update(s for s, was in moved.items() if was >= low and (not high or was < high))
        return sorted(here)

    def _order(
        self, low: bytes, high: bytes, groups: Sequence[str]
    ) -> dict[StreamId, tuple[StreamId, StreamId]]:
        rows = self.accounts_in(low, high, groups)
        return {row.stream: (row.invoicer, row.stream) for row in rows}

    def _folded(self, kind: str, streams: Iterable[StreamId]) -> Iterator[Versioned]:
        return folding.as_of(self._database, kind, streams, self._position)

    def _items(self, kind: str, streams: Iterable[StreamId], only_open: bool) -> Iterator[ItemRow]:
        item = KINDS[kind].item
        assert item is not None
        for stream, version, state in self._folded(kind, streams):
            if not only_open or item.is_open(state):
                account = identity.account(item.account(state))
                yield ItemRow(stream, version, account, item.ordinal(state), state)

    def _packages(self, streams: Iterable[StreamId]) -> Iterator[PackageRow]:
        for stream, version, state in self._folded("account_package", streams):
            if not state.deleted:
                yield PackageRow(stream, version, identity.account(state.account), state)

    def _package_streams(self, accounts: Iterable[StreamId]) -> Iterator[StreamId]:
        query = "SELECT stream FROM account_packages WHERE account"
        for some in batches(accounts, checks.MANY):
            among, params = self._database.among(some)
            rows = self._database.execute(f"{query} {among} ORDER BY stream", params)
            yield from _first(rows.fetchall())

    def _due(self, accounts: Iterable[StreamId], end: date) -> Iterator[PackageRow]:
        for package in self._packages(self._package_streams(accounts)):
            due = package.state.next_bill_date
            if due is not None and due <= end:
                yield package

    def _waiting(self, accounts: Iterable[StreamId]) -> list[ReceivablesRow]:
        return [row for row in self.receivables_of(accounts).values() if row.state.waiting]

    def _every_account(self) -> Iterator[AccountRow]:
        for low, high in self._pages(b"", b""):
            yield from self.accounts_in(low, high, ())

    def _pages(self, low: bytes, high: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The range cut into pieces of about a thousand accounts of now."""
        query = (
            "SELECT invoicer FROM accounts WHERE invoicer > ? ORDER BY invoicer LIMIT 1 OFFSET ?"
        )
        while True:
            row = self._database.execute(query, (low, _PAGE)).fetchone()
            if row is None or (high and row[0] >= high):
                yield low, high
                return
            yield low, row[0]
            low = row[0]

    def invoice_by_number(self, number: str) -> StreamId | None:
        return by_number.find(self._database, number, self._position)

    def _last_number(self, series: str) -> int:
        query = f"""
            SELECT {_EVENT} FROM events
            WHERE position <= ? AND topic = 'invoice.generated' ORDER BY position DESC
        """
        for row in self._database.stream(query, (self._position,)):
            event = read_event(*row)
            if event.series == series:
                return int(event.sequence)
        return 0


def _first(rows: Iterable[tuple[StreamId]]) -> Iterator[StreamId]:
    return (row[0] for row in rows)
