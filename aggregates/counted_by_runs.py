"""How executions of an older form counted toward commitments (R31): they wrote it down.

Executions that start now do not (`aggregates.counting`). These are computed again as they were
written, and what they wrote counts until its commit period is closed (`aggregates.execution.FORM`).
"""

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from aggregates import commitments
from aggregates.contract import (
    Commitment,
    CommitPeriodClosed,
    ContractCounted,
    ContractEvent,
    ContractState,
    Counted,
    evolve,
)
from aggregates.counting import Charges


def count(state: ContractState, lines: Iterable[tuple[date, int]]) -> tuple[Counted, ...]:
    """What charges, by bill date and amount, add to the commit periods not closed yet. Those
    dated before or after them count for nothing.
    """
    commitment, last = state.terms.commitment, commitments.last_day(state)
    if commitment is None or state.ended is not None:
        return ()
    sums: dict[date, int] = {}
    for day, amount in lines:
        if day < state.closed_to or (last is not None and day >= last):
            continue
        start = _period_holding(state, commitment, day)
        sums[start] = sums.get(start, 0) + amount
    return tuple([Counted(start=start, amount=sums[start]) for start in sorted(sums)])


def _period_holding(state: ContractState, commitment: Commitment, day: date) -> date:
    start = state.closed_to
    while True:
        end = commitments.commit_period(state, commitment, start).end
        if day < end:
            return start
        start = end


def due_steps(
    state: ContractState,
    counted: tuple[Counted, ...],
    charges: Charges | None,
    period_end: date,
    rounding: str,
    execution: str,
    *,
    joined: bool,
) -> tuple[list[ContractEvent], ContractState]:
    """What a run makes of the contract (`commitments.due_steps`) with what it charged: `joined`,
    it stands with the commit period that is closed first; else it is an event of its own.
    `charges` are those of newer executions.
    """
    if not counted or state.ended is not None:
        return commitments.due_steps(state, charges, period_end, rounding, execution)
    alone = ContractCounted(counted=counted, execution=execution)
    state = evolve(state, alone)
    steps, after = commitments.due_steps(state, charges, period_end, rounding, execution)
    if joined and steps and isinstance(steps[0], CommitPeriodClosed):
        return [replace(steps[0], charged=counted), *steps[1:]], after
    return [alone, *steps], after
