"""Now: one snapshot of the state rows, for handlers and for the billing pass."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

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
from infra.store import asking, by_number, checks, numbers
from infra.store.database import Database, Result
from infra.store.linking import read_head
from infra.store.rows import (
    ITEM_COLUMNS,
    account_row,
    batches,
    by_account,
    by_account_and_kind,
    item_rows,
    package_row,
    read_state,
    receivables_row,
    span_of,
)
from infra.store.state_rows import table_of

_ACCOUNT = "a.stream, a.version, a.invoicer, a.state"
_PACKAGE = "p.stream, p.version, p.account, p.state"
_RECEIVABLES = "r.stream, r.version, r.account, r.state"
_LAST_KEY = "\U0010ffff"


_OF_SEVERAL_KINDS = ("states", "items")
"""Tables whose rows say of which kind they are."""


class SnapshotReading:
    """Answers from the state rows inside a read transaction that its maker begins and ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._join = database.ordered_join
        self._head = read_head(database)

    @property
    def head(self) -> Head:
        return self._head

    def get(self, kind: str, stream: StreamId) -> Versioned | None:
        return self.get_many(kind, (stream,)).get(stream)

    def get_many(self, kind: str, streams: Iterable[StreamId]) -> dict[StreamId, Versioned]:
        table = table_of(kind)
        # What an id names may be of another kind: then there is none of this kind.
        only = f"kind = '{kind}' AND " if table in _OF_SEVERAL_KINDS else ""
        query = f"SELECT stream, version, state FROM {table} WHERE {only}stream"
        found: dict[StreamId, Versioned] = {}
        for some in batches(streams, checks.MANY):
            for stream, version, state in self._among(query, some):
                found[stream] = Versioned(stream, version, read_state(kind, stream, state))
        return found

    def all_of(self, kind: str, key: str = "") -> Iterator[Versioned]:
        query = (
            "SELECT stream, version, state FROM states WHERE kind = ? AND key >= ? AND key < ? "
            "ORDER BY key, stream"
        )
        for stream, version, state in self._all(query, (kind, key, key + _LAST_KEY)):
            yield Versioned(stream, version, read_state(kind, stream, state))

    def package_by_ref(self, refs: Iterable[str]) -> dict[str, PackageRow]:
        query = f"SELECT ref, {_PACKAGE} FROM account_packages p WHERE live AND ref"
        found: dict[str, PackageRow] = {}
        for some in batches(refs, checks.MANY):
            for ref, *row in self._among(query, some):
                found[ref] = package_row(*row)
        return found

    def packages_of(self, accounts: Iterable[StreamId]) -> list[PackageRow]:
        query = f"SELECT {_PACKAGE} FROM account_packages p WHERE live AND account"
        return [
            package_row(*row)
            for some in batches(accounts, checks.MANY)
            for row in self._among(query, some, "ORDER BY account, stream")
        ]

    def members_of(self, invoicer: StreamId) -> list[AccountRow]:
        query = f"SELECT {_ACCOUNT} FROM accounts a WHERE invoicer = ? AND live ORDER BY stream"
        return [account_row(*row) for row in self._all(query, (invoicer,))]

    def children_of(self, number: str) -> Iterator[AccountRow]:
        query = f"SELECT {_ACCOUNT} FROM accounts a WHERE parent = ? AND live ORDER BY stream"
        for row in self._database.stream(query, (number,)):
            yield account_row(*row)

    def receivables_of(self, accounts: Iterable[StreamId]) -> dict[StreamId, ReceivablesRow]:
        query = f"SELECT {_RECEIVABLES} FROM receivables r WHERE account"
        rows = (
            receivables_row(*row)
            for some in batches(accounts, checks.MANY)
            for row in self._among(query, some)
        )
        return {row.account: row for row in rows}

    def items_of(
        self, kind: str, accounts: Iterable[StreamId], only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        rows: list[ItemRow] = []
        for account in accounts:
            rows += self._items(kind, account, account + b"\x00", only_open)
        return by_account(rows)

    def items_in(
        self, kind: str, low: bytes, high: bytes, only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        return by_account(self._items(kind, low, high, only_open))

    def open_items_in(
        self, kinds: Sequence[str], low: bytes, high: bytes, up_to: Mapping[str, int]
    ) -> dict[StreamId, dict[str, list[ItemRow]]]:
        if not kinds:
            return {}
        among, params = self._database.among(list(kinds))
        where, limits = _accounts_of_items(low, high)
        query = f"SELECT {ITEM_COLUMNS} FROM items WHERE {where} AND open AND kind {among}"
        query += " AND (kind <> ? OR ordinal <= ?)" * len(up_to)
        limited = [value for limit in up_to.items() for value in limit]
        return by_account_and_kind(kinds, self._all(query, [*limits, *params, *limited]))

    def _items(self, kind: str, low: bytes, high: bytes, only_open: bool) -> list[ItemRow]:
        """Those of accounts from `low` to `high`."""
        where, limits = _accounts_of_items(low, high)
        query = f"SELECT {ITEM_COLUMNS} FROM items WHERE {where} AND kind = ?"
        if only_open:
            query += " AND open"
        return item_rows(kind, self._all(query, (*limits, kind)))

    def items_at_work(
        self, kind: str, key: str, after: StreamId = b"", limit: int = 1000
    ) -> list[ItemRow]:
        query = (
            f"SELECT {ITEM_COLUMNS} FROM items WHERE kind = ? AND key = ? AND key <> '' "
            "AND stream > ? ORDER BY stream LIMIT ?"
        )
        return item_rows(kind, self._all(query, (kind, key, after, limit)))

    def has_items(self, kind: str) -> bool:
        return checks.has_items(self._database, kind)

    def is_absent(self, absence: Absence) -> bool:
        return checks.is_absent(self._database, absence)

    def invoice_by_number(self, number: str) -> StreamId | None:
        return by_number.find(self._database, number, self._head.position)

    def next_number(self, series: str) -> int:
        return numbers.next_number(self._database, series)

    def moved_among(self, accounts: Sequence[StreamId], after: int) -> set[StreamId]:
        return asking.moved_among(self._database, accounts, after)

    def invoicers_due(
        self,
        groups: Sequence[str],
        end: date,
        low: bytes = b"",
        high: bytes = b"",
        *,
        everyone: bool = False,
    ) -> Iterator[tuple[StreamId, int]]:
        where, params = self._in_range(low, high, groups)
        if everyone:
            query = f"""
                SELECT a.invoicer, count(p.stream) FROM accounts a LEFT JOIN account_packages p
                    ON p.account = a.stream AND p.live AND p.next_bill_date <= ?
                WHERE {where} GROUP BY a.invoicer ORDER BY a.invoicer
            """
            yield from self._database.stream(query, (end.isoformat(), *params))
            return
        query = f"""
            SELECT invoicer, CAST(sum(due) AS BIGINT) AS due FROM (
                SELECT a.invoicer, 1 AS due
                FROM accounts a {self._join} account_packages p ON p.account = a.stream
                WHERE {where} AND p.live AND p.next_bill_date <= ?
                UNION ALL
                SELECT a.invoicer, 0
                FROM receivables r {self._join} accounts a ON a.stream = r.account
                WHERE r.waiting > 0 AND {where}
            ) AS found GROUP BY invoicer ORDER BY invoicer
        """
        yield from self._database.stream(query, (*params, end.isoformat(), *params))

    def accounts_in(self, low: bytes, high: bytes, groups: Sequence[str]) -> list[AccountRow]:
        where, params = self._in_range(low, high, groups)
        query = f"SELECT {_ACCOUNT} FROM accounts a WHERE {where} ORDER BY a.invoicer, a.stream"
        return [account_row(*row) for row in self._all(query, params)]

    def due_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> list[PackageRow]:
        where, params = self._in_range(low, high, groups)
        query = f"""
            SELECT {_PACKAGE} FROM accounts a
                {self._join} account_packages p ON p.account = a.stream
            WHERE {where} AND p.live AND p.next_bill_date <= ?
            ORDER BY a.invoicer, a.stream, p.stream
        """
        return [package_row(*row) for row in self._all(query, (*params, end.isoformat()))]

    def later_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> dict[StreamId, int]:
        where, params = self._in_range(low, high, groups)
        query = f"""
            SELECT a.invoicer, count(*)
            FROM accounts a {self._join} account_packages p ON p.account = a.stream
            WHERE {where} AND p.live AND p.next_bill_date > ? GROUP BY a.invoicer
        """
        return dict(self._all(query, (*params, end.isoformat())))

    def histories(self, streams: Iterable[StreamId]) -> dict[StreamId, list[Recorded]]:
        return asking.streams(self._database, streams)

    def billed_since(self, after: Mapping[StreamId, int]) -> dict[StreamId, list[Fact]]:
        return asking.billed_since(self._database, after)

    def _all(self, query: str, params: Sequence[object]) -> Result:
        return self._database.execute(query, params)

    def _among(self, query: str, items: list[Any], ending: str = "") -> Result:
        among, params = self._database.among(items)
        return self._database.execute(f"{query} {among} {ending}", params)

    def _in_range(self, low: bytes, high: bytes, groups: Sequence[str]) -> tuple[str, list[object]]:
        """Live accounts whose invoicer lies in the range; b"" leaves it open on the right. A
        whole group is never walked for a range.
        """
        where = "a.live AND a.invoicer >= ?"
        params: list[object] = [low]
        if high:
            where += " AND a.invoicer < ?"
            params.append(high)
        if groups:
            among, listed = self._database.among(list(groups))
            where += f" AND {self._database.unindexed}a.bill_group {among}"
            params.extend(listed)
        return where, params


def _accounts_of_items(low: bytes, high: bytes) -> tuple[str, list[object]]:
    """Items of accounts from `low` to `high`: their ids lie together."""
    first, last = span_of(low, high)
    if not high:
        return "stream >= ? AND account >= ?", [first, low]
    where = "stream >= ? AND account >= ? AND stream < ? AND account < ?"
    return where, [first, low, last, high]
