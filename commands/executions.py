"""The life of an execution: start, chunk after chunk, finish (R6, R28, design decisions 16-20).

Each step is one transaction and can be repeated by anyone: a step that was done before meets
version 1 of its stream and changes nothing. So a crash at any instant is healed by going on.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from aggregates import execution as rules
from aggregates import identity
from aggregates.chunk import ChunkBilled, ChunkNotReached, LeftBehind
from aggregates.exchange_rates import ExchangeRatesUsed
from aggregates.exchange_rates import evolve as evolve_rates
from aggregates.execution import Counts, ExecutionEvent, ExecutionState, add_counts
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.billing.chunk_pass import bill_chunk
from commands.billing.collect_payment import relied_on
from commands.billing.packages import left_behind
from commands.billing.readable import by_number, read_facts, read_in_pieces, readable_settings
from commands.billing.scope import (
    Range,
    bounds_of,
    cut,
    failed_chunks,
    unresolved,
)
from commands.billing.settings import RunSettings, load_settings, read_settings
from commands.billing.slipped import slipped
from commands.billing.writing import (
    Written,
    closing_events,
    left_behind_pages,
    write_outcomes,
)
from commands.local_time import business_date, zone
from commands.owner import owner_of
from commands.store import Batch, Conflict, Metadata, Numbers, Reading, Staged, Store, Versioned

ATTEMPTS = 50
"""How often a step is decided again after somebody else wrote in between."""


@dataclass(slots=True)
class Running:
    """A started execution in this process: its settings and where its chunks lie."""

    execution_id: StreamId
    settings: RunSettings
    bounds: list[str]
    started_at: int
    """The position of history at which it was started."""
    retries: list[int] = field(default_factory=list[int])
    origin: "Running | None" = None
    """The execution whose failures this one retries."""
    earlier: tuple[StreamId, ...] = ()
    """The retries of `origin` before this one."""
    worker: str = ""
    """What this process is called in the history of its chunks; "" when it works alone."""

    @property
    def chunks(self) -> int:
        return max(len(self.bounds) - 1, 0)

    def metadata(self) -> Metadata:
        text = self.settings.execution
        return Metadata(requested_by=self.settings.requested_by, correlation=text)


def find_execution(reading: Reading, execution_id: StreamId) -> Versioned:
    """The execution, or the refusal `execution_unknown`."""
    found = reading.get("execution", execution_id)
    if found is None:
        raise execution_unknown(identity.text(execution_id))
    return found


def execution_unknown(written: str) -> Refusal:
    """The refusal of an execution that was never queued."""
    return Refusal(
        "execution_unknown",
        f"there is no execution {written}; `billstream bill-run completed` lists executions",
    )


def start_execution(store: Store, execution_id: StreamId) -> ExecutionState:
    """Starts a queued execution: fixes its business date and cuts its scope. One that has been
    started is returned as it is.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as reading:
            found = find_execution(reading, execution_id)
            state: ExecutionState = found.state
            if state.status != "queued":
                return state
            with readable_settings(execution_id):
                batch = _starting(store, reading, execution_id, found)
        try:
            store.append(batch)
        except Conflict:
            continue
        started: object = batch.changes[0].state
        if not isinstance(started, ExecutionState):
            raise TypeError("the first change of a start is the execution's")
        return started
    raise _busy()


def _starting(store: Store, reading: Reading, execution_id: StreamId, found: Versioned) -> Batch:
    state: ExecutionState = found.state
    time_zone = owner_of(reading).time_zone
    today = business_date(store.now(), zone(time_zone))
    settings = read_settings(reading, execution_id, state, today)
    retries: tuple[int, ...] = ()
    if state.retry_of is None:
        bounds = cut(reading, settings)
    else:
        old = identity.parse(state.retry_of)
        retries = tuple(failed_chunks(store, old, find_execution(reading, old).state))
        # Chunk i takes up chunk retries[i] of the old execution: its range is found there.
        bounds = ("",) * (len(retries) + 1) if retries else ()
    events = rules.start(
        state,
        business_date=today,
        time_zone=time_zone,
        position=reading.head.position,
        bounds=bounds,
        retries=retries,
        exchange_rates=settings.rates.name if settings.rates is not None else None,
    )
    batch = Batch(
        Metadata(requested_by=state.requested_by, correlation=settings.execution),
        reading.head.position,
    )
    batch.changes.append(_stage(execution_id, found, events))
    _mark_rates_used(reading, settings, batch)
    return batch


def _mark_rates_used(reading: Reading, settings: RunSettings, batch: Batch) -> None:
    """From the start on, the set's rates cannot change any more (R16)."""
    if settings.rates is None:
        return
    stream = identity.named("exchange_rates", settings.rates.name)
    found = reading.get("exchange_rates", stream)
    unused = tuple(sorted(set(settings.rates.rates) - set(settings.rates.used)))
    if found is None or not unused:
        return
    event = ExchangeRatesUsed(execution=settings.execution, currencies=unused)
    state = evolve_rates(found.state, event)
    batch.changes.append(Staged("exchange_rates", stream, found.version, [event], state))


def _stage(stream: StreamId, found: Versioned, events: list[ExecutionEvent]) -> Staged:
    state: ExecutionState = found.state
    for event in events:
        state = rules.evolve(state, event)
    return Staged("execution", stream, found.version, events, state)


def open_running(store: Store, execution_id: StreamId) -> Running:
    """The settings and chunks of a started execution, to work on it."""
    with readable_settings(execution_id):
        with store.snapshot() as reading:
            state: ExecutionState = find_execution(reading, execution_id).state
        settings = load_settings(store, execution_id, state)
        bounds, retries = bounds_of(store, execution_id)
    running = Running(execution_id, settings, bounds, state.position, retries)
    if state.retry_of is not None:
        old = identity.parse(state.retry_of)
        running.origin = open_running(store, old)
        attempts = range(1, state.attempt)
        running.earlier = tuple(identity.retry(old, attempt) for attempt in attempts)
    return running


def range_of(store: Store, running: Running, index: int) -> Range:
    """The invoicers of a chunk."""
    if running.origin is None:
        low, high = running.bounds[index], running.bounds[index + 1]
        return Range(bytes.fromhex(low), bytes.fromhex(high))
    taken = running.retries[index]
    span = range_of(store, running.origin, taken)
    only = unresolved(store, running.origin.execution_id, [taken], running.earlier)
    with store.snapshot() as reading:
        return Range(span.low, span.high, by_number(reading, only[taken]))


def run_chunk(
    store: Store,
    running: Running,
    index: int,
    died: Collection[str] = (),
    committed: Callable[[Written], None] = lambda _: None,
) -> Counts | None:
    """Bills one chunk in one transaction, or finds that it is done; what it did. None when the
    execution may not go on (cancelled or ended). Invoicers in `died` fail with `worker_died`.
    `committed` is told what was written, if it was written here.
    """
    stream = identity.chunk(running.execution_id, index)
    settings = running.settings
    for _ in range(ATTEMPTS):
        if store.exists(stream):
            return _done(store.stream(stream)[-1].event)
        span = range_of(store, running, index)
        with store.snapshot() as reading:
            state: ExecutionState = find_execution(reading, running.execution_id).state
            if state.status != "running" or state.cancel_requested:
                return None
            batch, written = _bill(store, reading, running, span, died)
        closing = closing_events(written, settings, index, batch.read_at, running.worker)
        batch.changes.append(closing)
        try:
            store.append(batch)
        except Conflict:
            continue
        committed(written)
        return written.counts
    raise _busy()


def _bill(
    store: Store, reading: Reading, running: Running, span: Range, died: Collection[str]
) -> tuple[Batch, Written]:
    """Bills a chunk's invoicers, some at a time; what is to be written, but for the done mark."""
    settings, numbering = running.settings, running.settings.owner.numbering
    numbers = (Numbers(numbering.prefix, numbering.length, numbering.start),)
    pieces, written, who_owe = store.pieces(numbers), Written(), list[StreamId]()
    for facts in read_in_pieces(store, reading, settings, span):
        write_outcomes(bill_chunk(facts, settings, died), settings, written, pieces.add)
        who_owe += facts.who_owe()
    batch = Batch(
        running.metadata(),
        reading.head.position,
        pieces=pieces,
        reads=written.reads,
        untouched=relied_on(settings, span.low, span.high, who_owe),
        running=running.execution_id,
        numbers=numbers,
    )
    return batch, written


def invoicers_of(store: Store, running: Running, index: int) -> list[str]:
    """The invoicers that a chunk would bill now, by number."""
    span = range_of(store, running, index)
    with store.snapshot() as reading:
        facts = read_facts(store, reading, running.settings, span)
    numbers = (invoicer.row.state.number for invoicer in facts.invoicers)
    return [number for number in numbers if number not in facts.unreadable]


def rehearse_chunk(store: Store, running: Running, index: int, only: Collection[str]) -> None:
    """Bills some invoicers of a chunk and writes nothing: to see whether the process lives."""
    span = range_of(store, running, index)
    with store.snapshot() as reading:
        facts = read_facts(store, reading, running.settings, replace(span, only=frozenset(only)))
    outcomes = bill_chunk(facts, running.settings)
    write_outcomes(outcomes, running.settings, Written(), lambda _: None)


def _done(end: ChunkBilled | ChunkNotReached) -> Counts | None:
    return end.counts if isinstance(end, ChunkBilled) else None


def finish_execution(store: Store, running: Running) -> ExecutionState:
    """Ends an execution whose chunks are all done, or that was cancelled: then what was not
    reached is recorded first (design decision 17). Anyone may finish; the second changes nothing.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as reading:
            found = find_execution(reading, running.execution_id)
        state: ExecutionState = found.state
        if state.status in rules.FINISHED:
            return state
        if state.cancel_requested:
            _record_not_reached(store, running)
        counts = count_chunks(store, running)
        batch = Batch(running.metadata(), 0)
        only = _retried(store, running)
        left = slipped(store, running.settings, running.started_at, running.chunks, only)
        if left:
            counts = add_counts(counts, Counts(left_behind=len(left)))
            batch.changes.append(_not_reached(running, running.chunks, left))
        batch.changes.append(_stage(running.execution_id, found, rules.finish(state, counts)))
        try:
            store.append(batch)
        except Conflict:
            continue
    raise _busy()


def _retried(store: Store, running: Running) -> frozenset[str] | None:
    """The invoicers a retry is about; None for any other execution."""
    if running.origin is None:
        return None
    spans = (range_of(store, running, index) for index in range(running.chunks))
    return frozenset(number for span in spans for number in span.only or ())


def count_chunks(store: Store, running: Running) -> Counts:
    """What the chunks did together; each must be done."""
    total = Counts()
    for _, event in chunk_ends(store, running):
        if isinstance(event, ChunkBilled):
            total = add_counts(total, event.counts)
        elif isinstance(event, ChunkNotReached):
            total = add_counts(total, Counts(left_behind=event.left_behind))
        else:
            raise Refusal("chunks_missing", "a part of the execution has not been billed yet")
    return total


def chunk_ends(
    store: Store, running: Running, page: int = 200
) -> Iterator[tuple[int, ChunkBilled | ChunkNotReached | None]]:
    """Each chunk's closing event, None while it is not done."""
    for first in range(0, running.chunks, page):
        indexes = range(first, min(first + page, running.chunks))
        ids = [identity.chunk(running.execution_id, index) for index in indexes]
        events = store.streams(ids)
        for index, stream in zip(indexes, ids, strict=True):
            last = events[stream][-1].event if events.get(stream) else None
            yield index, last if isinstance(last, ChunkBilled | ChunkNotReached) else None


def _record_not_reached(store: Store, running: Running) -> None:
    """Lists what was due in the chunks that were not billed, with reason `not_reached` (R9)."""
    for index, end in chunk_ends(store, running):
        if end is not None:
            continue
        span = range_of(store, running, index)
        with store.snapshot() as reading:
            facts = read_facts(store, reading, running.settings, span)
        left: list[LeftBehind] = []
        if "bill_packages" in running.settings.actions:
            for invoicer in facts.invoicers:
                for account in invoicer.accounts:
                    left += [left_behind(account, row, "not_reached") for row in account.packages]
        batch = Batch(running.metadata(), 0, changes=[_not_reached(running, index, left)])
        try:
            store.append(batch)
        except Conflict:
            continue


def _not_reached(running: Running, index: int, left: list[LeftBehind]) -> Staged:
    """The stream of a chunk that was not billed; the one after the last holds what slipped
    through.
    """
    execution = running.settings.execution
    closing = ChunkNotReached(execution=execution, index=index, left_behind=len(left))
    events = [*left_behind_pages(execution, left), closing]
    return Staged("chunk", identity.chunk(running.execution_id, index), 0, events)


def _busy() -> Refusal:
    return Refusal("busy", "others kept writing to the same accounts; try again in a moment")
