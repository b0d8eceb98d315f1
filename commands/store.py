"""The port to history: what handlers read and append. `infra/store` implements it twice over.

A handler reads from a `Reading` (one snapshot), decides, and appends a `Batch` that names every
stream version it relied on (design decision 8). A conflict means: read again, decide again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from aggregates.account import AccountState
from aggregates.account_package.state import AccountPackageState
from aggregates.counting import Fact
from aggregates.event import Event, State
from aggregates.identity import StreamId
from aggregates.receivables import ReceivablesState

LARGEST_EVENT = 256 * 1024
"""Bytes of an event at most: it must fit into a message of Kafka, headers and all (decision 11)."""


class Conflict(Exception):
    """Something the batch relied on has changed since it was read. Nothing was written."""


class Head(NamedTuple):
    """The newest commit: position of the last event, chain root (32 bytes), commit time (UTC)."""

    position: int
    root: bytes
    at: datetime


class Versioned(NamedTuple):
    """An aggregate as read: its stream, version and state (never None, may be deleted)."""

    stream: StreamId
    version: int
    state: Any


class AccountRow(msgspec.Struct, frozen=True, gc=False):
    stream: StreamId
    version: int
    invoicer: StreamId
    state: AccountState


class PackageRow(msgspec.Struct, frozen=True, gc=False):
    stream: StreamId
    version: int
    account: StreamId
    state: AccountPackageState


class ReceivablesRow(NamedTuple):
    stream: StreamId
    version: int
    account: StreamId
    state: ReceivablesState


class ItemRow(msgspec.Struct, frozen=True, gc=False):
    """A thing of an account: an invoice, a payment, a contract (`schemas.kinds.ITEMS`)."""

    stream: StreamId
    version: int
    account: StreamId
    ordinal: int
    state: Any


class Recorded(NamedTuple):
    """A stored event, decoded to its newest version."""

    position: int
    stream: StreamId
    version: int
    type: str
    event: Any
    metadata: Mapping[str, str]
    at: datetime
    hash: bytes


class Stored(NamedTuple):
    """An event as it lies in history: of the version it was written in, not decoded."""

    position: int
    stream: StreamId
    version: int
    type: str
    schema_version: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Metadata:
    """Who asked for it and why: kept with every event of a commit."""

    command: str = ""
    requested_by: str = ""
    correlation: str = ""


class Staged(msgspec.Struct, gc=False):
    """New events of one stream. `expected` is its version before them (0: new). `state` is the
    state after them, None for kinds that keep no state row (chunk, command).
    """

    kind: str
    stream: StreamId
    expected: int
    events: Sequence[Event]
    state: State | None = None
    encoded_state: bytes | None = None
    """The state in stored form when the caller has it already; else the store encodes it."""
    account: StreamId = b""
    """The account it belongs to, when the caller has its id; else the state's number tells."""
    folds: bool = False
    """The state is left out: the store folds the events of the new stream."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A set the decision relied on being empty, checked under the order lock.

    `kind` and `column` name an indexed column of a state table: ("account", "bill_group"),
    ("account", "invoicer") (others than itself), ("account", "parent"), ("account_package",
    "package"), ("account_package", "account"), ("account_package", "ref"). ("invoice", "after") is
    an account's id and a number in its series (8 bytes): no invoice of the account is above it.
    """

    kind: str
    column: str
    value: str | bytes


@dataclass(frozen=True, slots=True)
class Untouched:
    """Events the decision relied on nobody having written since it was read: of stored names, on
    the streams of the accounts from `low` to `high` (b"" is open-ended). So no two runs ask for
    the same money at once.
    """

    types: tuple[str, ...]
    low: bytes
    high: bytes


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of a series that the batch needs: one for each `InvoiceGenerated` of the series
    in it, in order. They begin at `start` at least.
    """

    prefix: str
    length: int
    start: int
    series: str = "default"


class Pieces(Protocol):
    """Changes of a batch that are made ready for writing as they are decided, piece by piece: what
    was decided is at hand then, and need not be kept. Nothing is written before the append.
    """

    def add(self, changes: Sequence[Staged]) -> None:
        """Raises what an append would raise for changes that cannot be written as they stand."""
        ...


@dataclass(slots=True)
class Batch:
    """One transaction: all of it or nothing. `pieces` are changes made ready before, which come
    before `changes`; its numbers must be those of the batch.

    `read_at` is the head of the snapshot the decision was made on; when nobody wrote since, there
    is nothing to check. Otherwise every version in `reads` (kind, stream, version; 0: not there)
    and every absence must still hold. `running` names an execution that must be running and not
    asked to cancel (design decision 17).
    """

    metadata: Metadata
    read_at: int
    changes: list[Staged] = field(default_factory=list[Staged])
    pieces: Pieces | None = None
    reads: list[tuple[str, StreamId, int]] = field(default_factory=list[tuple[str, StreamId, int]])
    absences: list[Absence] = field(default_factory=list[Absence])
    whole_kinds: list[str] = field(default_factory=list[str])
    """Sets the decision read as a whole, by stored names: `bill_group` (every bill group) or one
    event's, `account_package.added`. None of these events since `read_at`.
    """
    untouched: list[Untouched] = field(default_factory=list[Untouched])
    running: StreamId | None = None
    numbers: Sequence[Numbers] = ()
    """A chunk's first and last number are of the first of these."""
    number_starts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Raises the next number of a series to at least this: the owner's numbering was set or
    changed, or an older history was restored.
    """
    new_keys: dict[StreamId, bytes] = field(default_factory=dict[StreamId, bytes])
    """Random keys of personal data, per account; kept outside history."""
    destroyed_keys: list[StreamId] = field(default_factory=list[StreamId])


class Committed(NamedTuple):
    head: Head
    first_position: int
    first_number: int = 0
    last_number: int = 0


class Reading(Protocol):
    """One snapshot of the state rows. The as-of reading answers the same questions about the
    past, from events (design decisions 10, 21).
    """

    @property
    def head(self) -> Head: ...

    def get(self, kind: str, stream: StreamId) -> Versioned | None:
        """One aggregate of any kind with a state row; None if it never existed."""
        ...

    def get_many(self, kind: str, streams: Iterable[StreamId]) -> dict[StreamId, Versioned]: ...

    def all_of(self, kind: str, key: str = "") -> Iterator[Versioned]:
        """Every aggregate of a setup kind, schedule or execution, by key; `key` is a prefix."""
        ...

    def package_by_ref(self, refs: Iterable[str]) -> dict[str, PackageRow]:
        """Account-packages by their id in the owner's books."""
        ...

    def packages_of(self, accounts: Iterable[StreamId]) -> list[PackageRow]:
        """All account-packages of the accounts, ended ones included."""
        ...

    def members_of(self, invoicer: StreamId) -> list[AccountRow]:
        """The accounts an account receives invoices for, itself included when it does."""
        ...

    def children_of(self, number: str) -> Iterator[AccountRow]:
        """The accounts directly below an account in the tree."""
        ...

    def receivables_of(self, accounts: Iterable[StreamId]) -> dict[StreamId, ReceivablesRow]:
        """By account; accounts on which nothing ever waited are left out."""
        ...

    def items_of(
        self, kind: str, accounts: Iterable[StreamId], only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        """An account's things of a kind, by ordinal and stream; accounts without are left out."""
        ...

    def items_in(
        self, kind: str, low: bytes, high: bytes, only_open: bool = True
    ) -> dict[StreamId, list[ItemRow]]:
        """The same for the accounts whose ids lie in a range (b"" as `high` is open-ended)."""
        ...

    def open_items_in(
        self, kinds: Sequence[str], low: bytes, high: bytes, up_to: Mapping[str, int]
    ) -> dict[StreamId, dict[str, list[ItemRow]]]:
        """The open ones of several kinds, by account and kind, found in one go; of a kind in
        `up_to` those whose ordinal is not above that.
        """
        ...

    def items_at_work(
        self, kind: str, key: str, after: StreamId = b"", limit: int = 1000
    ) -> list[ItemRow]:
        """Things of a kind with a key, by stream, after one: a work list, page by page."""
        ...

    def has_items(self, kind: str) -> bool:
        """Whether there may be things of a kind that have keys; False only when there are none."""
        ...

    def is_absent(self, absence: Absence) -> bool: ...

    def invoice_by_number(self, number: str) -> StreamId | None:
        """The invoice, or document of another series, with a number."""
        ...

    def next_number(self, series: str) -> int:
        """The next invoice number of the series; 0 before the owner is set up."""
        ...

    def moved_among(self, accounts: Sequence[StreamId], after: int) -> set[StreamId]:
        """Those of the accounts whose invoicer changed after a position, up to now."""
        ...

    # what the billing pass reads, for whole ranges of invoicers (b"" is open-ended)

    def invoicers_due(
        self,
        groups: Sequence[str],
        end: date,
        low: bytes = b"",
        high: bytes = b"",
        *,
        everyone: bool = False,
    ) -> Iterator[tuple[StreamId, int]]:
        """Invoicers of the groups, ascending, with the number of packages under them whose next
        bill date is on or before `end`; also those where something waits (0 then), or all.
        """
        ...

    def accounts_in(self, low: bytes, high: bytes, groups: Sequence[str]) -> list[AccountRow]:
        """Accounts whose invoicer lies in the range and that are in one of the groups (all groups
        when empty) and have a due package or something waiting, or are an invoicer of such: by
        invoicer and account. A superset is allowed.
        """
        ...

    def due_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> list[PackageRow]:
        """Account-packages under the range's invoicers with a next bill date up to `end`."""
        ...

    def later_packages_in(
        self, low: bytes, high: bytes, groups: Sequence[str], end: date
    ) -> dict[StreamId, int]:
        """Per invoicer, how many packages have a next bill date after `end`."""
        ...

    # history as the reading shows it, where a state does not tell

    def histories(self, streams: Iterable[StreamId]) -> dict[StreamId, list[Recorded]]:
        """The events of streams, in order."""
        ...

    def billed_since(self, after: Mapping[StreamId, int]) -> dict[StreamId, list[Fact]]:
        """By account, what was billed and taken back of its packages after a position of its own,
        as far as it counts toward commitments; in the order of history. Accounts without are left
        out.
        """
        ...


class Store(Protocol):
    """The event store of one owner."""

    def snapshot(self) -> AbstractContextManager[Reading]:
        """A consistent view of now; it never blocks writers."""
        ...

    def as_of(self, position: int) -> AbstractContextManager[Reading]:
        """The same as history was when `position` was the head."""
        ...

    def append(self, batch: Batch) -> Committed:
        """Writes the batch, or raises Conflict and writes nothing."""
        ...

    def pieces(self, numbers: Sequence[Numbers]) -> Pieces:
        """For a batch of many changes, which takes these numbers."""
        ...

    def stream(self, stream: StreamId, up_to: int | None = None) -> list[Recorded]:
        """The events of a stream in order, up to a position."""
        ...

    def streams(self, streams: Sequence[StreamId]) -> dict[StreamId, list[Recorded]]: ...

    def log(self, after: int, limit: int) -> list[Recorded]:
        """The next events of the whole history in commit order."""
        ...

    def stored(self, after: int, limit: int) -> list[Stored]:
        """The same, as they are stored."""
        ...

    def exists(self, stream: StreamId) -> bool: ...

    def accounts_moved_after(self, position: int) -> list[StreamId]:
        """Accounts whose invoicer changed after a position."""
        ...

    def keys_of(self, accounts: Sequence[StreamId]) -> dict[StreamId, bytes]:
        """Keys of personal data; an erased account has none."""
        ...

    def now(self) -> datetime:
        """The clock (UTC): the computer's, or the sandbox's."""
        ...
