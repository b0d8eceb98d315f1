"""Reversing a whole execution (R22): every invoice it made is voided and its waiting charges are
taken back, newest first, chunk after chunk.

A chunk's reversal is one transaction with its mark in a stream of its own: after a crash at any
instant whoever goes on does what is left. What cannot be taken back is a failure with its cause,
and never stops the rest.
"""

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from aggregates import execution as rules
from aggregates import identity
from aggregates.account_package.events import PackageBilled
from aggregates.account_package.state import AccountPackageState
from aggregates.account_package.taking_back import standing
from aggregates.chunk import ChunkBilled, ChunkReversed, Failure
from aggregates.execution import ExecutionState
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated
from aggregates.receivables import ChargesTakenBack
from aggregates.refusal import Refusal
from commands.corrections.finding import document_at
from commands.corrections.voiding import take_package_back, void
from commands.executions import find_execution
from commands.firing import reversing
from commands.store import Batch, Conflict, Metadata, Recorded, Staged, Store
from commands.workspace import Workspace

ATTEMPTS = 50


class Reversal(NamedTuple):
    """What came of it."""

    state: ExecutionState
    invoices: int
    packages: int
    failures: tuple[Failure, ...]


class Billed(NamedTuple):
    """What a chunk did, by its done mark."""

    number: int
    done: Recorded


def carry_out(
    store: Store,
    execution_id: StreamId,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Reversal:
    """Reverses what is left of an execution whose reversal was asked for, and ends it."""
    going = steps(store, execution_id)
    while True:
        try:
            progress(*next(going))
        except StopIteration as ended:
            reversal: Reversal = ended.value
            return reversal


def steps(store: Store, execution_id: StreamId) -> Generator[tuple[int, int], None, Reversal]:
    """The same, with a pause after each chunk: how many are done, of how many."""
    with store.snapshot() as reading:
        state: ExecutionState = find_execution(reading, execution_id).state
    chunks = sorted(billed(store, execution_id, state), key=lambda c: -c.done.position)
    marks: list[ChunkReversed] = []
    for count, chunk in enumerate(chunks, 1):
        marks.append(reverse_chunk(store, execution_id, state, chunk))
        yield count, len(chunks)
    failures = tuple(failure for mark in marks for failure in mark.failures)
    invoices = sum(mark.invoices for mark in marks)
    packages = sum(mark.packages for mark in marks)
    state = _end(store, execution_id, invoices, packages, len(failures))
    return Reversal(state, invoices, packages, failures)


def carry_on(store: Store) -> list[StreamId]:
    """Takes every reversal that was asked for and has not ended to its end; which they were."""
    pending = _pending(store)
    for execution_id in pending:
        carry_out(store, execution_id)
    return pending


def carry_on_in_steps(store: Store) -> Generator[None]:
    """The same, with a pause after each chunk."""
    for execution_id in _pending(store):
        for _ in steps(store, execution_id):
            yield


def _pending(store: Store) -> list[StreamId]:
    with store.snapshot() as reading:
        return reversing(reading)


def billed(store: Store, execution_id: StreamId, state: ExecutionState) -> Iterator[Billed]:
    """The chunks that an execution billed, by their numbers."""
    for index in range(state.chunks):
        recorded = store.stream(identity.chunk(execution_id, index))
        if recorded and isinstance(recorded[-1].event, ChunkBilled):
            yield Billed(index, recorded[-1])


def reverse_chunk(
    store: Store, execution_id: StreamId, state: ExecutionState, chunk: Billed
) -> ChunkReversed:
    """Takes back all that one chunk billed, in one transaction, or finds that it is done."""
    stream = identity.chunk_reversal(execution_id, chunk.number)
    text = identity.text(execution_id)
    closed: ChunkBilled = chunk.done.event
    written: list[Recorded] = []
    for _ in range(ATTEMPTS):
        before = store.stream(stream)
        last: ChunkReversed | None = before[-1].event if before else None
        if last is not None and not last.failures:
            return last
        written = written or store.log(chunk.done.position - closed.events, closed.events)
        with store.snapshot() as reading:
            workspace = Workspace(store, reading, None)
            mark = _take_back(workspace, text, chunk.number, written)
        if last is not None:
            mark = _added(last, mark)
            if mark == last:
                return last
        batch = workspace.batch(Metadata(requested_by=state.requested_by, correlation=text))
        batch.changes.append(Staged("reversal", stream, len(before), [mark]))
        try:
            store.append(batch)
        except Conflict:
            continue
        return mark
    raise Refusal("busy", "others kept writing to the same accounts; try again in a moment")


def _added(last: ChunkReversed, mark: ChunkReversed) -> ChunkReversed:
    """What was done before counts too."""
    return ChunkReversed(
        execution=mark.execution,
        index=mark.index,
        invoices=last.invoices + mark.invoices,
        packages=last.packages + mark.packages,
        failures=mark.failures,
    )


def _take_back(
    workspace: Workspace, execution: str, index: int, written: list[Recorded]
) -> ChunkReversed:
    """Stages the reversal of all that a chunk wrote, newest first."""
    failures: list[Failure] = []
    invoices = 0
    for recorded in reversed(written):
        if isinstance(recorded.event, InvoiceGenerated):
            workspace.mark()
            try:
                invoices += _void(workspace, recorded.stream, execution)
            except Refusal as refusal:
                workspace.undo()
                number = recorded.event.account
                failures.append(_failure(number, number, None, refusal))
    invoiced = {failure.invoicer for failure in failures}
    packages = 0
    for stream, charged in _charged(written).items():
        workspace.mark()
        try:
            packages += _go_back(workspace, stream, charged, execution)
        except Refusal as refusal:
            workspace.undo()
            held: AccountPackageState = workspace.get("account_package", stream)
            account = workspace.account(held.account)
            invoicer = held.account if account is None else account.invoicer
            if invoicer not in invoiced:  # else its invoice says already why
                failures.append(_failure(invoicer, held.account, held.ref, refusal))
    return ChunkReversed(
        execution=execution,
        index=index,
        invoices=invoices,
        packages=packages,
        failures=tuple(failures),
    )


def _void(workspace: Workspace, stream: StreamId, execution: str) -> int:
    found = document_at(workspace, stream)
    if found is None or found.state.status == "void":
        return 0
    void(workspace, found, "execution reversed", execution)
    return 1


def _charged(written: list[Recorded]) -> dict[StreamId, list[int]]:
    """The packages that the chunk billed, with the versions of their closings."""
    found: dict[StreamId, list[int]] = {}
    for recorded in written:
        if isinstance(recorded.event, PackageBilled):
            found.setdefault(recorded.stream, []).append(recorded.version)
    return found


def _go_back(workspace: Workspace, stream: StreamId, versions: list[int], execution: str) -> int:
    """What was charged and waits, or made no line, is taken back; 1 when there was something."""
    state: AccountPackageState = workspace.get("account_package", stream)
    if stream in workspace.staged_streams:
        return 1  # with its invoice
    history = workspace.history(stream)
    mine = {id(r.event) for r in history if r.version in versions}
    left = [one for one in standing([r.event for r in history]) if id(one.billed) in mine]
    if not left:
        return 0
    first = min(one.billed.bill_date for one in left)
    account_id = identity.account(state.account)
    today = workspace.today()
    before = workspace.receivables_of(account_id)
    waits = {
        one.bill_date
        for one in (before.waiting if before is not None else ())
        if one.account_package == state.ref and not one.transaction
    }
    take_package_back(workspace, account_id, state.ref, first, waits, today, execution=execution)
    if any(day >= first for day in waits):
        event = ChargesTakenBack(packages={state.ref: first}, on=today, execution=execution)
        workspace.stage("receivables", identity.receivables(account_id), [event])
    return 1


def _failure(invoicer: str, account: str, ref: str | None, refusal: Refusal) -> Failure:
    return Failure(
        invoicer=invoicer,
        account=account,
        code=refusal.code,
        message=refusal.sentence,
        account_package=ref,
    )


def _end(
    store: Store, execution_id: StreamId, invoices: int, packages: int, failures: int
) -> ExecutionState:
    for _ in range(ATTEMPTS):
        with store.snapshot() as reading:
            found = find_execution(reading, execution_id)
        state: ExecutionState = found.state
        events = rules.end_reversal(state, invoices=invoices, packages=packages, failures=failures)
        if not events:
            return state
        for event in events:
            state = rules.evolve(state, event)
        batch = Batch(Metadata(correlation=identity.text(execution_id)), 0)
        batch.changes.append(Staged("execution", execution_id, found.version, events, state))
        try:
            store.append(batch)
        except Conflict:
            continue
        return state
    raise Refusal("busy", "others kept writing to the execution; try again in a moment")
