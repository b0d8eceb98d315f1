"""An execution's scope, cut into contiguous ranges of invoicers (design decision 16)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aggregates import identity
from aggregates.account import AccountState
from aggregates.chunk import FailuresRecorded
from aggregates.execution import ExecutionState, ScopeCut
from aggregates.identity import StreamId
from commands.billing.needs import visits_everyone
from commands.billing.settings import RunSettings
from commands.store import Reading, Recorded, Store

PAGE = 200
"""Chunks whose events are read at once."""

PACKAGES_A_CHUNK = 1000
PACKAGES_A_CHUNK_WITH_CATCH_UP = 100
"""With catch-up a package can bring many charges, so fewer packages make a chunk."""


@dataclass(frozen=True, slots=True)
class Range:
    """A chunk's invoicers: from `low` (inclusive) to `high` (exclusive), b"" open-ended. `only`
    holds the invoicers a retry is about, None outside a retry.
    """

    low: bytes
    high: bytes
    only: frozenset[str] | None = None


def cut(reading: Reading, settings: RunSettings) -> tuple[str, ...]:
    """The bounds of the chunks, hexadecimal; first and last are open-ended. Empty without
    anything due.
    """
    if settings.account is not None:
        low = invoicer_of(reading, settings.account)
        return (low.hex(), after(low).hex())
    size = PACKAGES_A_CHUNK if settings.catch_up == "one" else PACKAGES_A_CHUNK_WITH_CATCH_UP
    bounds: list[str] = []
    gathered = size
    groups, everyone = tuple(settings.groups), visits_everyone(settings)
    for invoicer, due in reading.invoicers_due(groups, settings.period_end, everyone=everyone):
        if gathered >= size:
            bounds.append(invoicer.hex() if bounds else "")
            gathered = 0
        gathered += max(due, 1)
    return (*bounds, "") if bounds else ()


def invoicer_of(reading: Reading, number: str) -> StreamId:
    """The stream of the account that receives the account's invoice; of the account itself when
    there is no such account (any more), which the pass then reports.
    """
    found = reading.get("account", identity.account(number))
    if found is None:
        return identity.account(number)
    account: AccountState = found.state
    return identity.account(account.invoicer)


def after(stream: StreamId) -> bytes:
    """The end of a range whose last id it is."""
    return (int.from_bytes(stream) + 1).to_bytes(16)


def bounds_of(store: Store, execution_id: StreamId) -> tuple[list[str], list[int]]:
    """The recorded bounds and, for a retry, the chunk of the old execution each takes up."""
    bounds: list[str] = []
    retries: list[int] = []
    for recorded in store.stream(execution_id):
        if isinstance(recorded.event, ScopeCut):
            bounds[recorded.event.first :] = recorded.event.bounds
            retries += recorded.event.retries
    return bounds, retries


def failed_chunks(store: Store, execution_id: StreamId, state: ExecutionState) -> list[int]:
    """The chunks of an ended execution in which an invoicer failed."""
    return [i for i, failed in _failed(store, execution_id, range(state.chunks)) if failed]


def unresolved(
    store: Store, execution_id: StreamId, chunks: Sequence[int], earlier: Sequence[StreamId]
) -> dict[int, frozenset[str]]:
    """By chunk, the invoicers that failed in it and that no earlier retry has billed since (R6):
    one that is resolved must not be billed its next cycle by another retry.
    """
    found = {index: failed or frozenset() for index, failed in _failed(store, execution_id, chunks)}
    for retry_id in earlier:
        bounds, taken = bounds_of(store, retry_id)
        if len(bounds) < 2:
            continue
        again = [place for place, index in enumerate(taken) if found.get(index)]
        for place, failed in _failed(store, retry_id, again):
            if failed is not None:
                found[taken[place]] &= failed
    return found


def _failed(
    store: Store, execution_id: StreamId, chunks: Sequence[int]
) -> Iterator[tuple[int, frozenset[str] | None]]:
    """Each chunk with the invoicers that failed in it; None while it is not done."""
    for first in range(0, len(chunks), PAGE):
        ids = {identity.chunk(execution_id, i): i for i in chunks[first : first + PAGE]}
        events = store.streams(list(ids))
        for stream, index in ids.items():
            recorded = events.get(stream)
            yield index, _invoicers(recorded) if recorded else None


def _invoicers(recorded: Iterable[Recorded]) -> frozenset[str]:
    return frozenset(
        failure.invoicer
        for one in recorded
        if isinstance(one.event, FailuresRecorded)
        for failure in one.event.failures
    )
