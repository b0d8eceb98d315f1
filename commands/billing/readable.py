"""A chunk's facts when some of them cannot be read: a stored state that is damaged, say.

What cannot be read fails its invoicer and keeps nobody else from being billed (R28). Who that is,
and what stays due under it, history still tells: the states that a run reads are only its fold.
Where history cannot be read either, the invoicer fails under its id.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from aggregates import identity
from aggregates.chunk import Failure
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.billing.facts import ChunkFacts, InvoicerFacts, facts_of, load_facts
from commands.billing.moved import leave_out_billed, moved_meanwhile
from commands.billing.scope import Range, after
from commands.billing.settings import RunSettings
from commands.store import AccountRow, Reading, Store
from schemas.unreadable import DAMAGED, Unreadable, told

PIECE = 100
"""Accounts that are read, billed and forgotten together: what is kept of a thousand at once does
not fit near the processor, and going over it costs a tenth more.
"""

UNREADABLE = (Unreadable, *DAMAGED)
"""What reading damaged facts raises; an error of the database is none of these."""


def read_facts(store: Store, reading: Reading, settings: RunSettings, span: Range) -> ChunkFacts:
    """The facts of a chunk. Invoicers whose facts cannot be read are in it with their failure;
    what another chunk of the execution billed already is not in it.
    """
    try:
        facts = load_facts(reading, settings, span.low, span.high, span.only)
    except UNREADABLE:
        facts = _Apart(store, reading, settings, span).read()
    return _less_billed(store, reading, settings, facts)


def read_facts_again(
    store: Store, then: Reading, settings: RunSettings, span: Range, failures: Sequence[Failure]
) -> ChunkFacts:
    """The same from history for a replay, less what could not be read when it was billed."""
    facts = load_facts(then, settings, span.low, span.high, span.only)
    _as_recorded(facts, failures)
    return _less_billed(store, then, settings, facts)


def _less_billed(
    store: Store, reading: Reading, settings: RunSettings, facts: ChunkFacts
) -> ChunkFacts:
    accounts = [account.row.stream for family in facts.invoicers for account in family.accounts]
    moved = moved_meanwhile(reading, settings, accounts)
    leave_out_billed(store, settings, facts, moved)
    return facts


def read_in_pieces(
    store: Store, reading: Reading, settings: RunSettings, span: Range
) -> Iterator[ChunkFacts]:
    """The same, some invoicers at a time and at least once: who bills them and forgets them before
    the next has what it works on at hand.
    """
    try:
        rows = reading.accounts_in(span.low, span.high, tuple(settings.groups))
    except UNREADABLE:
        yield read_facts(store, reading, settings, span)
        return
    moved = moved_meanwhile(reading, settings, [row.stream for row in rows])
    for some, piece in _pieces(rows, span):
        try:
            facts = facts_of(reading, settings, some, piece.low, piece.high, piece.only)
        except UNREADABLE:
            facts = _Apart(store, reading, settings, piece).read()
        leave_out_billed(store, settings, facts, moved)
        yield facts


def _pieces(rows: list[AccountRow], span: Range) -> Iterator[tuple[list[AccountRow], Range]]:
    """Whole invoicers, about as many accounts at a time, with the range they lie in."""
    start, low, high = 0, span.low, b""
    while high != span.high or not start:
        end = start + PIECE
        while end < len(rows) and rows[end].invoicer == rows[end - 1].invoicer:
            end += 1
        high = rows[end].invoicer if end < len(rows) else span.high
        yield rows[start:end], Range(low, high, span.only)
        start, low = end, high


def by_number(reading: Reading, names: Iterable[str]) -> frozenset[str]:
    """Invoicers that failed, under their numbers: one that failed under its id may be known now."""
    return frozenset(_known_by(reading, name) for name in names)


def _known_by(reading: Reading, name: str) -> str:
    """The name itself when it is a number, or still says nothing."""
    with suppress(*UNREADABLE):
        return _number(reading, identity.parse(name))
    return name


@contextmanager
def readable_settings(execution: StreamId) -> Generator[None]:
    """What a whole execution goes by: without it nothing can be billed, so it is refused."""
    try:
        yield
    except UNREADABLE as fault:
        text = identity.text(execution)
        raise Refusal(
            "settings_unreadable",
            f"what execution {text} goes by cannot be read ({told(fault)}): find what is damaged "
            "with `billstream verify`, restore it from a backup, then "
            f"`billstream execution resume {text}`",
        ) from fault


def _as_recorded(facts: ChunkFacts, failures: Sequence[Failure]) -> None:
    lost = {one.invoicer: one for one in failures if one.code == "history_unreadable"}
    facts.unknown = list(lost.values())
    facts.unreadable = {one.invoicer: one for one in failures if one.code == "facts_unreadable"}
    if lost:
        facts.invoicers = [
            invoicer
            for invoicer in facts.invoicers
            if not lost.keys() & {invoicer.row.state.number, identity.text(invoicer.row.stream)}
        ]


class _Thing(NamedTuple):
    """Something stored of a family, and what people call it."""

    kind: str
    stream: StreamId
    account: str
    called: str
    package: str | None = None


class _Apart:
    """A chunk read in halves, until what cannot be read is known."""

    def __init__(self, store: Store, reading: Reading, settings: RunSettings, span: Range) -> None:
        self._store = store
        self._reading = reading
        self._settings = settings
        self._span = span
        self._found = ChunkFacts(reading.head.position, [])

    def read(self) -> ChunkFacts:
        settings, span = self._settings, self._span
        due = self._reading.invoicers_due(
            tuple(settings.groups), settings.period_end, span.low, span.high, everyone=True
        )
        self._read([stream for stream, _ in due])
        return self._found

    def _read(self, invoicers: Sequence[StreamId]) -> None:
        if not invoicers:
            return
        try:
            self._found.invoicers += self._load(self._reading, invoicers, self._span.only)
        except UNREADABLE as fault:
            if len(invoicers) == 1:
                self._fail(invoicers[0], fault)
                return
            half = len(invoicers) // 2
            self._read(invoicers[:half])
            self._read(invoicers[half:])

    def _load(
        self, reading: Reading, invoicers: Sequence[StreamId], only: Collection[str] | None
    ) -> list[InvoicerFacts]:
        low, high = invoicers[0], after(invoicers[-1])
        return load_facts(reading, self._settings, low, high, only).invoicers

    def _fail(self, invoicer: StreamId, fault: Exception) -> None:
        try:
            with self._store.as_of(self._found.read_at) as then:
                families = self._load(then, [invoicer], None)
        except UNREADABLE:
            self._fail_unknown(invoicer, fault)
            return
        for family in families:  # none: it is not in the run
            number = family.row.state.number
            if self._is_asked_for(invoicer, number):
                self._found.unreadable[number] = self._failure(family, fault)
                self._found.invoicers.append(family)

    def _fail_unknown(self, invoicer: StreamId, fault: Exception) -> None:
        """Nothing tells what stays due under it."""
        name = self._name(invoicer)
        groups = self._settings.groups.values()
        if self._settings.account is None and any(name in g.settings.exclude for g in groups):
            return
        if self._is_asked_for(invoicer, name):
            self._found.unknown.append(_unknown(name, fault))

    def _is_asked_for(self, invoicer: StreamId, name: str) -> bool:
        """A retry asks for some, under the names they failed with."""
        only = self._span.only
        return only is None or name in only or identity.text(invoicer) in only

    def _name(self, invoicer: StreamId) -> str:
        """Its number; its id when nothing tells that."""
        with suppress(*UNREADABLE):
            return _number(self._reading, invoicer)
        with suppress(*UNREADABLE), self._store.as_of(self._found.read_at) as then:
            return _number(then, invoicer)
        return identity.text(invoicer)

    def _failure(self, family: InvoicerFacts, fault: Exception) -> Failure:
        number = family.row.state.number
        for thing in _things(family):
            try:
                self._reading.get(thing.kind, thing.stream)
            except UNREADABLE as damage:
                what = f"the stored state of {thing.called}"
                return _unreadable(number, thing.account, thing.package, what, damage)
        return _unreadable(number, number, None, f"what is stored of {number}", fault)


def _number(reading: Reading, account: StreamId) -> str:
    found = reading.get("account", account)
    if found is None:
        raise LookupError("history does not know the account")
    return str(found.state.number)


def _things(family: InvoicerFacts) -> Iterator[_Thing]:
    """All that is stored of a family and read by a run, as history tells it."""
    head = family.row.state.number
    yield _Thing("account", family.row.stream, head, f"account {head}")
    for account in family.accounts:
        number = account.row.state.number
        yield _Thing("account", account.row.stream, number, f"account {number}")
        for package in (*account.packages, *account.held):
            ref = package.state.ref
            called = f"account-package {ref}"
            yield _Thing("account_package", package.stream, number, called, ref)
        if account.receivables is not None:
            called = f"what waits on account {number}"
            yield _Thing("receivables", account.receivables.stream, number, called)
        for kind, rows in account.items.items():
            for row in rows:
                name = getattr(row.state, "number", "") or getattr(row.state, "ref", "")
                called = f"{kind} {name or identity.text(row.stream)} of account {number}"
                yield _Thing(kind, row.stream, number, called)


def _unreadable(
    invoicer: str, account: str, package: str | None, what: str, fault: Exception
) -> Failure:
    return Failure(
        invoicer=invoicer,
        account=account,
        account_package=package,
        code="facts_unreadable",
        message=f"{what} cannot be read ({told(fault)}); nothing was written for {invoicer}: find "
        "what is damaged with `billstream verify`, restore it from a backup, then retry",
    )


def _unknown(invoicer: str, fault: Exception) -> Failure:
    return Failure(
        invoicer=invoicer,
        account=invoicer,
        code="history_unreadable",
        message=f"neither what is stored of {invoicer} nor its history can be read "
        f"({told(fault)}); nothing was written for it, and what stays due is not listed: find "
        "what is damaged with `billstream verify`, restore it from a backup, then retry",
    )
