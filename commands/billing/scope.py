"""An execution's scope, cut into contiguous ranges of invoicers (design decision 16)."""

from collections.abc import Sequence
from dataclasses import dataclass

from aggregates import identity
from aggregates.account import AccountState
from aggregates.chunk import FailuresRecorded
from aggregates.execution import ExecutionState, ScopeCut
from aggregates.identity import StreamId
from commands.billing.needs import visits_everyone
from commands.billing.settings import RunSettings
from commands.store import Reading, Store

PACKAGES_A_CHUNK = 500
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
        return (low.hex(), _after(low).hex())
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


def _after(stream: StreamId) -> bytes:
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
    failed: list[int] = []
    for index in range(state.chunks):
        if failed_in(store, execution_id, index):
            failed.append(index)
    return failed


def failed_in(store: Store, execution_id: StreamId, index: int) -> frozenset[str]:
    """The invoicers that failed in a chunk."""
    return frozenset(
        failure.invoicer
        for recorded in store.stream(identity.chunk(execution_id, index))
        if isinstance(recorded.event, FailuresRecorded)
        for failure in recorded.event.failures
    )


def unresolved_in(
    store: Store, execution_id: StreamId, index: int, earlier: Sequence[StreamId]
) -> frozenset[str]:
    """The invoicers that failed in a chunk and that no earlier retry has billed since (R6): one
    that is resolved must not be billed its next cycle by another retry.
    """
    failed = failed_in(store, execution_id, index)
    for retry_id in earlier:
        bounds, taken = bounds_of(store, retry_id)
        if index not in taken or len(bounds) < 2:
            continue
        again = taken.index(index)
        if store.exists(identity.chunk(retry_id, again)):
            failed = failed & failed_in(store, retry_id, again)
    return failed
