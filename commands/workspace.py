"""A command's workspace: what it read of one snapshot, and what it is about to change.

It loads aggregates in bulk, remembers every version it read, and shows the changes staged so far,
so that the entries of one file see each other. Nothing is written here: `batch` is what to append.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package.state import AccountPackageState
from aggregates.event import Event
from aggregates.identity import StreamId
from aggregates.owner import OwnerState
from aggregates.receivables import ReceivablesState
from commands.keyring import Keyring, pages
from commands.local_time import business_date, zone
from commands.owner import no_owner
from commands.personal import PersonalData
from commands.store import (
    Absence,
    Batch,
    Metadata,
    Numbers,
    Reading,
    Recorded,
    Staged,
    Store,
    Untouched,
)
from schemas.kinds import KINDS, fold


class Loaded(NamedTuple):
    """An aggregate as the snapshot has it; version 0 and no state when it does not exist."""

    kind: str
    version: int
    state: Any


ABSENT = {kind: Loaded(kind, 0, None) for kind in KINDS}
"""What does not exist, by kind."""


class Workspace(Keyring):
    """The unit of work of one command."""

    def __init__(self, store: Store, reading: Reading, personal: PersonalData | None) -> None:
        super().__init__(store, personal)
        self.reading = reading
        self.now: datetime = store.now()
        """The clock (UTC) as the command began."""
        self._today: date | None = None
        self._loaded: dict[StreamId, Loaded] = {}
        self._staged: dict[StreamId, Staged] = {}
        self._fresh: list[Staged] = []
        self._by_ref: dict[str, StreamId | None] = {}
        self._free_refs: set[str] = set()
        self._of_account: dict[StreamId, list[StreamId]] = {}
        self._added: dict[StreamId, list[StreamId]] | None = None
        self._undo: list[tuple[StreamId, int, Any]] | None = None
        self._joined: dict[str, dict[StreamId, None]] = {}
        self._items: dict[tuple[str, StreamId], list[StreamId]] = {}
        self._absences: dict[Absence, bool] = {}
        self._untouched: list[Untouched] = []
        self._whole: dict[str, list[StreamId]] = {}
        self._checks: dict[object, Callable[[], None]] = {}
        self.rooted: set[str] = set()
        """Accounts known to lie in a sound tree: each need be walked up from once only."""
        self.number_starts: dict[str, int] = {}
        """The next number of a series is to be at least this (R19)."""
        self.numbers: list[Numbers] = []
        """Series that documents made outside a run are numbered in."""

    # one aggregate

    def get(self, kind: str, stream: StreamId) -> Any:
        """The state with what is staged, deleted ones included; None if it never existed."""
        staged = self._staged.get(stream)
        if staged is not None:
            return fold(kind, staged.events) if staged.folds else staged.state
        loaded = self._loaded.get(stream)
        if loaded is None:
            found = self.reading.get(kind, stream)
            loaded = Loaded(kind, found.version, found.state) if found else ABSENT[kind]
            self._loaded[stream] = loaded
        return loaded.state

    def history(self, stream: StreamId) -> list[Recorded]:
        """The events of a stream as the snapshot has it, without what is staged."""
        return self._store.stream(stream, self.reading.head.position)

    def find(self, kind: str, stream: StreamId) -> Any:
        """The state, or None when there is no such thing (any more)."""
        state = self.get(kind, stream)
        return None if state is None or getattr(state, "deleted", False) else state

    def prefetch(self, kind: str, streams: Iterable[StreamId]) -> None:
        """Reads many at once; what does not exist is remembered as absent."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self._loaded]
        for page in pages(missing):
            found = self.reading.get_many(kind, page)
            for stream in page:
                row = found.get(stream)
                self._loaded[stream] = Loaded(kind, row.version, row.state) if row else ABSENT[kind]

    def stage(self, kind: str, stream: StreamId, events: Sequence[Event]) -> Any:
        """Adds events to what will be appended; the state after them."""
        if not events:
            return self.get(kind, stream)
        state = before = self.get(kind, stream)
        evolve = KINDS[kind].evolve
        for event in events:
            state = evolve(state, event)
        staged = self._staged.get(stream)
        if self._undo is not None:
            self._undo.append((stream, len(staged.events) if staged else 0, before))
        if kind == "owner":
            self._today = None  # in another time zone it may be another
        elif isinstance(state, AccountState) and state.invoicer != state.number:
            self._joined.setdefault(state.invoicer, {})[stream] = None
        if staged is None:
            staged = Staged(kind, stream, self._loaded[stream].version, list(events), state)
            self._staged[stream] = staged
            self._fresh.append(staged)
        else:
            cast(list[Event], staged.events).extend(events)
            staged.state, staged.folds = state, False
        return state

    def mark(self) -> None:
        """What is staged from here on can be taken back by `undo`, until the next mark."""
        self._undo = []

    def undo(self) -> None:
        """Takes back what was staged since the mark, with the checks it asked for."""
        for stream, events, state in reversed(self._undo or []):
            staged = self._staged[stream]
            if not events:
                del self._staged[stream]
                continue
            del cast(list[Event], staged.events)[events:]
            staged.state, staged.folds = state, False
        self._undo = []
        self._checks.clear()

    def forget_states(self) -> None:
        """Makes room when many things are new: a state asked for again is the fold of its events,
        as it will be when it is written.
        """
        for staged in self._fresh:
            if not staged.expected:
                staged.state, staged.folds = None, True
                self._loaded.pop(staged.stream, None)
        self._fresh.clear()

    # what everything depends on

    def owner(self) -> OwnerState:
        """The owner; refused while there is none."""
        state: OwnerState | None = self.get("owner", identity.owner())
        if state is None:
            raise no_owner()
        return state

    def today(self) -> date:
        """The business date: the date in the owner's zone."""
        if self._today is None:
            self._today = business_date(self.now, zone(self.owner().time_zone))
        return self._today

    def account(self, number: str) -> AccountState | None:
        """A living account by its number."""
        state: AccountState | None = self.find("account", identity.account(number))
        return state

    # sets

    def all_of(self, kind: str) -> Iterator[Any]:
        """Every living aggregate of a setup kind, with what is staged; the decision then relies
        on the whole set.
        """
        if kind not in self._whole:
            rows = list(self.reading.all_of(kind))
            for row in rows:
                self._loaded.setdefault(row.stream, Loaded(kind, row.version, row.state))
            self._whole[kind] = [row.stream for row in rows]
        known = dict.fromkeys(self._whole[kind])
        known.update((s.stream, None) for s in self._staged.values() if s.kind == kind)
        for stream in known:
            state = self.find(kind, stream)
            if state is not None:
                yield state

    def relies_on(self, *types: str) -> None:
        """The decision relies on no event of these stored types having come meanwhile."""
        for name in types:
            self._whole.setdefault(name, [])

    def alone_with(self, account: StreamId, *types: str) -> None:
        """The decision relies on nobody having begun such a thing for the account meanwhile:
        `payment.requested`, by its stored name.
        """
        self._untouched.append(Untouched(types, account, account + b"\x00"))

    def absent(self, absence: Absence) -> bool:
        """True when the set is empty in the snapshot; the decision then relies on it."""
        if absence not in self._absences:
            self._absences[absence] = self.reading.is_absent(absence)
        return self._absences[absence]

    def prefetch_customers(self, held: Iterable[tuple[StreamId, Sequence[str]]]) -> None:
        """Reads accounts with their keys, and the account-packages of these ids, many at once. An
        account that is not there has neither a key nor packages.
        """
        named = list(held)
        self.prefetch("account", (account for account, _ in named))
        self.prefetch_refs(ref for _, refs in named for ref in refs)
        there = [(account, refs) for account, refs in named if self._loaded[account].version]
        self.know_none(account for account, _ in named if not self._loaded[account].version)
        self.prefetch_keys(account for account, _ in there)
        self.prefetch(
            "account_package",
            (identity.account_package(account, ref) for account, refs in there for ref in refs),
        )

    def prefetch_refs(self, refs: Iterable[str]) -> None:
        """Reads account-packages by their ids in the owner's books, many at once."""
        missing = [ref for ref in dict.fromkeys(refs) if ref not in self._by_ref]
        for page in pages(missing):
            found = self.reading.package_by_ref(page)
            for ref in page:
                row = found.get(ref)
                self._by_ref[ref] = row.stream if row else None
                if row is not None:
                    loaded = Loaded("account_package", row.version, row.state)
                    self._loaded.setdefault(row.stream, loaded)

    def package_by_ref(self, ref: str) -> tuple[StreamId, AccountPackageState] | None:
        """A living account-package by its id in the owner's books; when there is none, the
        decision relies on that.
        """
        if ref not in self._by_ref:
            self.prefetch_refs([ref])
        stream = self._by_ref[ref]
        state = self.find("account_package", stream) if stream is not None else None
        if stream is None or state is None:
            self._free_refs.add(ref)
            return None
        return stream, state

    def add_package(self, account: StreamId, ref: str, events: Sequence[Event]) -> None:
        """Stages a new account-package, found from now on by its id and its account."""
        stream = identity.account_package(account, ref)
        if self._is_new(account):
            self._loaded.setdefault(stream, ABSENT["account_package"])
        self.stage("account_package", stream, events)
        self._by_ref[ref] = stream
        self._free_refs.discard(ref)
        if self._added is not None:
            self._added.setdefault(account, []).append(stream)
        if account in self._of_account and stream not in self._of_account[account]:
            self._of_account[account].append(stream)

    def _is_new(self, account: StreamId) -> bool:
        """Nothing of it can be there."""
        found = self._staged.get(account) or self._loaded.get(account)
        version = found.expected if isinstance(found, Staged) else found.version if found else None
        return version == 0

    def prefetch_packages_of(self, accounts: Iterable[StreamId]) -> None:
        """Reads all account-packages of many accounts at once."""
        missing = [a for a in dict.fromkeys(accounts) if a not in self._of_account]
        for page in pages(missing):
            self._of_account.update((account, []) for account in page)
            for row in self.reading.packages_of(page):
                loaded = Loaded("account_package", row.version, row.state)
                self._loaded.setdefault(row.stream, loaded)
                self._of_account[row.account].append(row.stream)
            for account in page:
                known = self._of_account[account]
                known += [s for s in self._added_to(account) if s not in known]

    def _added_to(self, account: StreamId) -> Sequence[StreamId]:
        """Account-packages that are staged. They are looked for when somebody asks first."""
        if self._added is None:
            self._added = {}
            for stream, staged in self._staged.items():
                if staged.kind == "account_package":
                    holder = identity.account(self.get(staged.kind, stream).account)
                    self._added.setdefault(holder, []).append(stream)
        return self._added.get(account, ())

    def packages_of(self, account: StreamId) -> list[tuple[StreamId, AccountPackageState]]:
        """The living account-packages of an account, ended ones included; the decision relies on
        there being no others.
        """
        self._whole.setdefault("account_package.added", [])
        self.prefetch_packages_of([account])
        found = ((s, self.find("account_package", s)) for s in self._of_account[account])
        return [(stream, state) for stream, state in found if state is not None]

    def members_of(self, invoicer: StreamId) -> list[tuple[StreamId, AccountState]]:
        """The other accounts an account receives invoices for, with what is staged."""
        number = self.get("account", invoicer).number
        rows = self.reading.members_of(invoicer)
        for row in rows:
            self._loaded.setdefault(row.stream, Loaded("account", row.version, row.state))
        known = dict.fromkeys(row.stream for row in rows)
        known.update(self._joined.get(number, {}))
        found = ((stream, self.find("account", stream)) for stream in known if stream != invoicer)
        return [(s, state) for s, state in found if state is not None and state.invoicer == number]

    def receivables_of(self, account: StreamId) -> ReceivablesState | None:
        """What waits on the account; None when nothing ever did."""
        stream = identity.receivables(account)
        if stream not in self._loaded:
            row = self.reading.receivables_of([account]).get(account)
            self._loaded[stream] = Loaded(
                "receivables", row.version if row else 0, row.state if row else None
            )
        state: ReceivablesState | None = self.get("receivables", stream)
        return state

    def items_of(
        self, kind: str, account: StreamId, only_open: bool = True
    ) -> list[tuple[StreamId, Any]]:
        """An account's things of a kind by their ordinal, with what is staged: its invoices,
        payments, contracts. New ones come last.
        """
        if (kind, account) not in self._items:
            rows = self.reading.items_of(kind, [account], only_open=False).get(account, [])
            for row in rows:
                self._loaded.setdefault(row.stream, Loaded(kind, row.version, row.state))
            self._items[kind, account] = [row.stream for row in rows]
        item = KINDS[kind].item
        if item is None:
            raise ValueError(f"{kind} is not a kind of item")
        known = dict.fromkeys(self._items[kind, account])
        for stream, staged in self._staged.items():
            if (
                staged.kind == kind
                and identity.account(item.account(self.get(kind, stream))) == account
            ):
                known.setdefault(stream)
        found = ((stream, self.get(kind, stream)) for stream in known)
        return [(stream, it) for stream, it in found if not only_open or item.is_open(it)]

    # the end

    def later(self, key: object, check: Callable[[], None]) -> None:
        """A rule about how things stand in the end, whatever the order they were changed in.
        Checked once for each key, by `finish`.
        """
        self._checks.setdefault(key, check)

    def finish(self) -> None:
        """Checks the rules put off until everything was staged."""
        for check in self.take_checks():
            check()

    def take_checks(self) -> list[Callable[[], None]]:
        """The rules put off; who takes them must check them."""
        checks = list(self._checks.values())
        self._checks.clear()
        return checks

    @property
    def staged_streams(self) -> Collection[StreamId]:
        """Streams with staged changes."""
        return self._staged.keys()

    @property
    def changed(self) -> bool:
        return bool(self._staged)

    def _relied_absences(self) -> list[Absence]:
        """An id that is taken by the batch itself is not among them: writing it looks at it."""
        relied = [absence for absence, empty in self._absences.items() if empty]
        return relied + [Absence("account_package", "ref", ref) for ref in self._free_refs]

    def batch(self, metadata: Metadata) -> Batch:
        """What to append: the staged changes and everything they rely on."""
        return Batch(
            metadata=metadata,
            read_at=self.reading.head.position,
            changes=list(self._staged.values()),
            reads=[(found.kind, stream, found.version) for stream, found in self._loaded.items()],
            absences=self._relied_absences(),
            whole_kinds=list(self._whole),
            untouched=self._untouched,
            numbers=self.numbers,
            number_starts=self.number_starts,
            new_keys={a: key for a, key in self.new_keys.items() if a in self._staged},
            destroyed_keys=self.destroyed_keys,
        )
