"""An execution: one run of a schedule, cut into chunks of invoicers (R2, R6, R28)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.refusal import Refusal

COUNTED_AT_CLOSE = 2

FORM = COUNTED_AT_CLOSE
"""How executions that start now write what they do, so that older ones can be computed again as
they were written: 0, what was charged under a contract is always an event of its own; 1, it stands
with the commit period that the execution closes, if it closes one; 2, it is not written down at
all: who closes a commit period finds in history what was charged.
"""

FINISHED = ("completed", "completed_with_failures", "cancelled", "reversed")


class Counts(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a chunk or a whole execution did. `failed` counts invoicers; `totals` are the invoices'
    totals in minor units per currency.
    """

    packages_billed: int = 0
    cycles_billed: int = 0
    invoices_generated: int = 0
    failed: int = 0
    left_behind: int = 0
    totals: dict[str, int] = {}


class ExecutionQueued(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """To be run. `schedule` is None for a retry, which names `retry_of` and its `attempt`."""

    bill_run: str
    period_start: date
    period_end: date
    catch_up: str = "one"
    posting_date: date | None = None
    account: str | None = None
    schedule: str | None = None
    retry_of: str | None = None
    attempt: int = 0
    requested_by: str = ""


class ExecutionStarted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Fixes what every chunk uses: the business date and zone, the position as of which settings,
    rates, groups and catalogue are read, and the number of chunks (design decisions 16, 22).
    `exchange_rates` is the set in force, None when there is none. `form` says how what the
    execution does is written (`FORM`).
    """

    business_date: date
    time_zone: str
    position: int
    chunks: int
    exchange_rates: str | None = None
    form: int = 0


class ScopeCut(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where the chunks begin and end: chunk `first + i` holds the invoicer ids from `bounds[i]`
    (inclusive) to `bounds[i + 1]` (exclusive), hexadecimal; "" is open-ended. `retries[i]` is the
    chunk of the retried execution whose failures chunk `first + i` takes up.
    """

    first: int
    bounds: tuple[str, ...]
    retries: tuple[int, ...] = ()


class CancelRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """No chunk commits after this."""


class ExecutionCompleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`status`: completed or completed_with_failures."""

    status: str
    counts: Counts


class ExecutionCancelled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    counts: Counts


class RetryQueued(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A retry of this execution's failures was queued (R6); the numbers of retries go up by one."""

    retry: str
    attempt: int


class ReversalRequested(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The execution is to be reversed, newest chunk first (R22)."""

    on: date


class ReversalEnded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Every chunk was tried; `failures` invoices or packages could not be taken back. Ask again
    when their causes are gone.
    """

    failures: int


class ExecutionReversed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Nothing of the execution is left: its invoices are void, its charges taken back (R22)."""

    invoices: int
    packages: int


ExecutionEvent = (
    ExecutionQueued
    | ExecutionStarted
    | ScopeCut
    | CancelRequested
    | ExecutionCompleted
    | ExecutionCancelled
    | RetryQueued
    | ReversalRequested
    | ReversalEnded
    | ExecutionReversed
)


class ExecutionState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`status`: queued, running, completed, completed_with_failures, cancelled, reversed."""

    bill_run: str
    period_start: date
    period_end: date
    status: str = "queued"
    catch_up: str = "one"
    posting_date: date | None = None
    account: str | None = None
    schedule: str | None = None
    retry_of: str | None = None
    attempt: int = 0
    requested_by: str = ""
    business_date: date | None = None
    time_zone: str = ""
    position: int = 0
    chunks: int = 0
    exchange_rates: str | None = None
    cancel_requested: bool = False
    retries: int = 0
    counts: Counts = Counts()
    reversing: bool = False
    form: int = 0


def evolve(state: ExecutionState | None, event: ExecutionEvent) -> ExecutionState:
    """The execution after the event."""
    if isinstance(event, ExecutionQueued):
        return ExecutionState(
            bill_run=event.bill_run,
            period_start=event.period_start,
            period_end=event.period_end,
            catch_up=event.catch_up,
            posting_date=event.posting_date,
            account=event.account,
            schedule=event.schedule,
            retry_of=event.retry_of,
            attempt=event.attempt,
            requested_by=event.requested_by,
        )
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} before the execution was queued")
    match event:
        case ExecutionStarted():
            return replace(
                state,
                status="running",
                business_date=event.business_date,
                time_zone=event.time_zone,
                position=event.position,
                chunks=event.chunks,
                exchange_rates=event.exchange_rates,
                form=event.form,
            )
        case ScopeCut():
            return state
        case CancelRequested():
            return replace(state, cancel_requested=True)
        case ExecutionCompleted():
            return replace(state, status=event.status, counts=event.counts)
        case ExecutionCancelled():
            return replace(state, status="cancelled", counts=event.counts)
        case RetryQueued():
            return replace(state, retries=event.attempt)
        case ReversalRequested():
            return replace(state, reversing=True)
        case ReversalEnded():
            return replace(state, reversing=False)
        case ExecutionReversed():
            return replace(state, reversing=False, status="reversed")


def add_counts(left: Counts, right: Counts) -> Counts:
    """Both together; totals per currency."""
    totals = dict(left.totals)
    for currency, amount in right.totals.items():
        totals[currency] = totals.get(currency, 0) + amount
    return Counts(
        packages_billed=left.packages_billed + right.packages_billed,
        cycles_billed=left.cycles_billed + right.cycles_billed,
        invoices_generated=left.invoices_generated + right.invoices_generated,
        failed=left.failed + right.failed,
        left_behind=left.left_behind + right.left_behind,
        totals=totals,
    )


def start(
    state: ExecutionState,
    *,
    business_date: date,
    time_zone: str,
    position: int,
    bounds: tuple[str, ...],
    retries: tuple[int, ...],
    exchange_rates: str | None,
    page: int = 2_000,
) -> list[ExecutionEvent]:
    """Starts a queued execution over the chunks between `bounds` (R6, design decision 16).

    Refused with `execution_not_queued` when it has been started before.
    """
    if state.status != "queued":
        raise Refusal("execution_not_queued", f"the execution is {state.status} already")
    count = max(len(bounds) - 1, 0)
    events: list[ExecutionEvent] = [
        ExecutionStarted(
            business_date=business_date,
            time_zone=time_zone,
            position=position,
            chunks=count,
            exchange_rates=exchange_rates,
            form=FORM,
        )
    ]
    for first in range(0, count, page):
        events.append(
            ScopeCut(
                first=first,
                bounds=bounds[first : first + page + 1],
                retries=retries[first : first + page],
            )
        )
    return events


def request_cancel(state: ExecutionState) -> list[ExecutionEvent]:
    """No chunk commits from here on (R6). Asking twice changes nothing; a finished execution is
    refused with `execution_finished`.
    """
    if state.status in FINISHED:
        raise Refusal(
            "execution_finished",
            f"the execution is {state.status} already; there is nothing left to cancel",
        )
    return [] if state.cancel_requested else [CancelRequested()]


def finish(state: ExecutionState, counts: Counts) -> list[ExecutionEvent]:
    """The end of a running execution, with what its chunks did (R6, R28, decision 17)."""
    if state.status in FINISHED:
        return []
    if state.cancel_requested:
        return [ExecutionCancelled(counts=counts)]
    status = "completed_with_failures" if counts.failed else "completed"
    return [ExecutionCompleted(status=status, counts=counts)]


def retry(
    state: ExecutionState, execution_id: str, retry_id: str, requested_by: str
) -> tuple[list[ExecutionEvent], ExecutionQueued]:
    """A new execution over the failed invoicers, linked by `retry_of` (R6): the events of the old
    one's stream and the first of the new one's. Refused with `nothing_to_retry` without failures.
    """
    if state.status not in FINISHED:
        raise Refusal(
            "execution_not_finished",
            "the execution has not finished; wait for its end or cancel it, then retry",
        )
    if state.status == "reversed" or state.reversing:
        raise Refusal(
            "execution_reversed",
            "the execution was reversed: schedule the bill run again for what is to be billed",
        )
    if state.counts.failed == 0:
        raise Refusal("nothing_to_retry", "the execution has no failures to retry")
    attempt = state.retries + 1
    queued = ExecutionQueued(
        bill_run=state.bill_run,
        period_start=state.period_start,
        period_end=state.period_end,
        catch_up=state.catch_up,
        posting_date=state.posting_date,
        account=state.account,
        retry_of=execution_id,
        attempt=attempt,
        requested_by=requested_by,
    )
    return [RetryQueued(retry=retry_id, attempt=attempt)], queued


def request_reversal(state: ExecutionState, on: date) -> list[ExecutionEvent]:
    """All of it is to be taken back (R22). Asking again while it is under way changes nothing.
    Refused with `execution_not_finished` and `execution_reversed`.
    """
    if state.status not in FINISHED:
        raise Refusal(
            "execution_not_finished",
            "the execution has not finished; wait for its end or cancel it, then reverse it",
        )
    if state.status == "reversed":
        raise Refusal("execution_reversed", "the execution has been reversed already")
    return [] if state.reversing else [ReversalRequested(on=on)]


def end_reversal(
    state: ExecutionState, *, invoices: int, packages: int, failures: int
) -> list[ExecutionEvent]:
    """The end of a reversal: `reversed` when nothing is left (R22)."""
    if not state.reversing:
        return []
    if failures:
        return [ReversalEnded(failures=failures)]
    return [ExecutionReversed(invoices=invoices, packages=packages)]
