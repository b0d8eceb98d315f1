"""Replay: every chunk of a finished execution computed again from the history as it read it, and
compared with what was recorded, event by event and byte by byte (R29, design decision 21).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from aggregates import identity
from aggregates.chunk import ChunkBilled, Failure, FailuresRecorded
from aggregates.event import Event
from aggregates.identity import StreamId
from aggregates.invoice import InvoiceGenerated
from aggregates.refusal import Refusal
from commands.billing.chunk_pass import WORKER_DIED, bill_chunk
from commands.billing.readable import read_facts_again
from commands.billing.writing import Written, closing_events, write_outcomes
from commands.executions import Running, find_execution, open_running, range_of
from commands.store import Recorded, Staged, Store, Stored
from schemas.catalogue import BY_CLASS
from schemas.stored import decode, encode
from schemas.unreadable import DAMAGED, told


class Difference(NamedTuple):
    """An event that the replay computes otherwise: where it stands and what differs."""

    position: int
    stream: str
    type: str
    sentence: str


@dataclass(slots=True)
class ReplayReport:
    """What was compared. `differences` is empty when the execution was right."""

    execution: str
    chunks: int = 0
    charges: int = 0
    invoices: int = 0
    events: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])

    def add(self, part: "ReplayReport") -> None:
        """Goes on after some chunks."""
        self.chunks += part.chunks
        self.charges += part.charges
        self.invoices += part.invoices
        self.events += part.events
        self.differences += part.differences[: MOST_DIFFERENCES - len(self.differences)]


MOST_DIFFERENCES = 100


Spread = Callable[[Running], Iterable[ReplayReport]]
"""Replays all chunks of an execution; their reports come in order."""


def replay_execution(
    store: Store,
    execution_id: StreamId,
    progress: Callable[[int, int], None] | None = None,
    spread: Spread | None = None,
) -> ReplayReport:
    """Recomputes the execution, here or wherever its chunks are `spread` to. Refused with
    `execution_not_finished` while it runs.
    """
    running = open_finished(store, execution_id)
    report = ReplayReport(running.settings.execution)
    chunks = (replay_chunk(store, running, index) for index in range(running.chunks))
    for index, part in enumerate(chunks if spread is None else spread(running), 1):
        report.add(part)
        if progress is not None:
            progress(index, running.chunks)
    return report


def open_finished(store: Store, execution_id: StreamId) -> Running:
    """The execution, which must have ended."""
    with store.snapshot() as reading:
        state = find_execution(reading, execution_id).state
    if state.status in ("queued", "running"):
        raise Refusal("execution_not_finished", "the execution has not finished; replay it then")
    return open_running(store, execution_id)


def replay_chunk(store: Store, running: Running, index: int) -> ReplayReport:
    """Recomputes one chunk, if it was billed."""
    report = ReplayReport(running.settings.execution)
    recorded = store.stream(identity.chunk(running.execution_id, index))
    if recorded and isinstance(recorded[-1].event, ChunkBilled):
        _replay(store, running, index, recorded, report)
    return report


def _replay(
    store: Store, running: Running, index: int, chunk: list[Recorded], report: ReplayReport
) -> None:
    done = chunk[-1]
    closed: ChunkBilled = done.event
    failures = _failures(chunk)
    died = {failure.invoicer for failure in failures if failure.code == WORKER_DIED}
    span = range_of(store, running, index)
    with store.as_of(closed.position) as then:
        facts = read_facts_again(store, then, running.settings, span, failures)
    written, changes = Written(), list[Staged]()
    outcomes = bill_chunk(facts, running.settings, died)
    write_outcomes(outcomes, running.settings, written, changes.extend)
    changes.append(closing_events(written, running.settings, index, closed.position))
    computed = list(_flat(changes))
    then_written = store.stored(done.position - closed.events, closed.events)
    report.chunks += 1
    report.events += len(then_written)
    for now in computed:
        report.invoices += isinstance(now.event, InvoiceGenerated)
        report.charges += len(getattr(now.event, "charges", ()))
    report.differences += islice(_compare(then_written, computed), MOST_DIFFERENCES)


def _failures(chunk: list[Recorded]) -> list[Failure]:
    """Recorded inputs, some of them: invoicers that ended their worker would end us too, and what
    could not be read was no part of history.
    """
    return [
        failure
        for recorded in chunk
        if isinstance(recorded.event, FailuresRecorded)
        for failure in recorded.event.failures
    ]


class _Computed(NamedTuple):
    stream: StreamId
    version: int
    event: Event


def _flat(changes: list[Staged]) -> Iterator[_Computed]:
    for change in changes:
        for offset, event in enumerate(change.events):
            yield _Computed(change.stream, change.expected + offset + 1, event)


def _compare(recorded: list[Stored], computed: list[_Computed]) -> Iterator[Difference]:
    then = {(found.stream, found.version): found for found in recorded}
    for now in computed:
        found = then.pop((now.stream, now.version), None)
        name = BY_CLASS[type(now.event)].name
        if found is None:
            stream = identity.text(now.stream)
            yield Difference(0, stream, name, f"version {now.version} is missing from history")
            continue
        sentence = _differs(found, now.event, name)
        if sentence:
            yield Difference(found.position, identity.text(found.stream), found.type, sentence)
    for extra in then.values():
        yield Difference(
            extra.position,
            identity.text(extra.stream),
            extra.type,
            "stands in history but the replay does not make it",
        )


def _differs(found: Stored, event: Event, name: str) -> str:
    """Bytes are compared first: what is the same as it was written is the same decoded."""
    if found.type != name:
        return f"the replay makes a {name} here"
    try:
        return _differs_within(found, event)
    except DAMAGED as fault:
        return f"what is recorded cannot be read ({told(fault)})"


def _differs_within(found: Stored, event: Event) -> str:
    numbers = _RECORDED.get(type(event))
    if numbers is not None:
        event = replace(event, **_numbers(found, numbers))
    expected = encode(event).payload
    if expected == found.payload:
        return ""
    actual = encode(decode(found.type, found.schema_version, found.payload)).payload
    return "" if expected == actual else f"recorded {_short(actual)}, computed {_short(expected)}"


_RECORDED: dict[type[Event], tuple[str, ...]] = {
    InvoiceGenerated: ("number", "sequence"),
    ChunkBilled: ("worker", "first_number", "last_number"),
}
"""Recorded inputs, which a replay does not know: numbers follow commit order, and any worker may
bill a chunk.
"""


def _numbers(found: Stored, names: tuple[str, ...]) -> dict[str, Any]:
    recorded = decode(found.type, found.schema_version, found.payload)
    return {name: getattr(recorded, name) for name in names}


def _short(payload: bytes, most: int = 400) -> str:
    text = payload.decode()
    return text if len(text) <= most else f"{text[:most]}…"
