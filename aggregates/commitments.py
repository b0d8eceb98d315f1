"""A contract as time passes: commit periods, their shortfall, the early end, prices (R31).

Commit periods are half-open and count from the contract's start with the account's bill day, as
bill dates do (R10); the first and the last may be parts of one (R12). A period is closed once, by
the first run whose billing period reaches its end, which is the first day after it.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from fractions import Fraction
from functools import lru_cache

from aggregates.account_package.periods import Period, first_calendar, period_from
from aggregates.contract import (
    Commitment,
    CommitPeriodClosed,
    ContractEnded,
    ContractEvent,
    ContractRenewed,
    ContractState,
    TerminationCharged,
    evolve,
)
from aggregates.contract_rules import nth_term_end
from aggregates.counting import Charges, Line, looked_through, reached
from aggregates.days import nth_date, parse_frequency
from aggregates.money import round_div
from aggregates.proration import prorated
from aggregates.refusal import Refusal

MOST_STEPS = 1000
"""Commit periods, terms and anniversaries of one contract in one execution, at most."""


def last_day(state: ContractState) -> date | None:
    """The first day not under contract any more, as far as it is known; None: it is renewed."""
    if state.terminated is not None:
        return state.terminated
    if state.ends is not None:
        return state.ends
    return state.term_end if state.terms.renewal == "none" else None


def commit_period(state: ContractState, commitment: Commitment, start: date) -> Period:
    """The commit period from a day on, which is the contract's start or the end of another."""
    return _period(commitment.per, state.start, state.bill_day, start)


@lru_cache(maxsize=1 << 14)
def _period(per: str, signed: date, bill_day: int, start: date) -> Period:
    frequency = parse_frequency(per)
    return period_from(frequency, first_calendar(frequency, signed, bill_day), start)


def cut_off(period: Period, last: date | None) -> tuple[date, int]:
    """The end of a commit period and its days, cut off where the contract ends."""
    end = period.end if last is None else min(period.end, last)
    return end, (end - period.start).days


def running_period(state: ContractState) -> tuple[date, date] | None:
    """The commit period that is not closed yet; None without one."""
    commitment, last = state.terms.commitment, last_day(state)
    if commitment is None or state.ended is not None:
        return None
    if last is not None and state.closed_to >= last:
        return None
    period = commit_period(state, commitment, state.closed_to)
    return period.start, cut_off(period, last)[0]


def has_counted(state: ContractState, lines: Iterable[Line]) -> bool:
    """One of the lines lies in a commit period that is not closed."""
    if state.terms.commitment is None:
        return False
    last = last_day(state)
    return any(state.closed_to <= one.on and (last is None or one.on < last) for one in lines)


def closes(state: ContractState, period_end: date) -> bool:
    """A run whose billing period ends on a day closes a commit period of the contract."""
    running = running_period(state)
    return running is not None and running[1] <= period_end


def due_steps(
    state: ContractState, charges: Charges | None, period_end: date, rounding: str, execution: str
) -> tuple[list[ContractEvent], ContractState]:
    """What a run whose billing period ends on a day makes of the contract, oldest first, and the
    contract after it: commit periods are closed, the early end is charged, terms are renewed, the
    contract ends. `charges` are those under the contract, needed where it `closes` a period.
    """
    events: list[ContractEvent] = []
    while state.ended is None and len(events) < MOST_STEPS:
        step = _next_step(state, charges, period_end, rounding, execution)
        if step is None:
            break
        events.append(step)
        state = evolve(state, step)
    return events, state


def _next_step(
    state: ContractState, charges: Charges | None, period_end: date, rounding: str, execution: str
) -> ContractEvent | None:
    """The earliest thing to come, if it has come; on one day a period closes first."""
    last, commitment = last_day(state), state.terms.commitment
    renews = last is None or state.term_end < last
    if commitment is not None and (last is None or state.closed_to < last):
        period = commit_period(state, commitment, state.closed_to)
        end, _ = cut_off(period, last)
        if not renews or end <= state.term_end:
            if end > period_end:
                return None
            return _closed(state, commitment, period, last, charges, rounding, execution)
    if renews:
        if state.term_end > period_end:
            return None
        end = nth_term_end(state.start, state.terms.term, state.renewals + 2)
        return ContractRenewed(execution=execution, start=state.term_end, end=end)
    if last is None or last > period_end:
        return None
    if state.terminated is not None and not state.charged and state.terms.termination is not None:
        return _terminated(state, rounding, execution)
    return ContractEnded(execution=execution, on=last)


def _closed(
    state: ContractState,
    commitment: Commitment,
    period: Period,
    last: date | None,
    charges: Charges | None,
    rounding: str,
    execution: str,
) -> CommitPeriodClosed:
    if charges is None:
        raise ValueError(f"what was charged under contract {state.ref} has not been read")
    end, days = cut_off(period, last)
    amount = prorated(commitment.amount, days, period.full_days, rounding)
    counted = reached(state, charges, period.start, end)
    return CommitPeriodClosed(
        execution=execution,
        start=period.start,
        end=end,
        days=days,
        full_days=period.full_days,
        commitment=amount,
        counted=counted,
        shortfall=max(0, amount - counted),
        counted_to=looked_through(charges, end),
    )


def remaining(state: ContractState, as_of: date) -> Fraction:
    """The commitments from a day to the end of the term, exact: a part period by its days."""
    commitment = state.terms.commitment
    if commitment is None:
        return Fraction(0)
    total, start = Fraction(0), state.closed_to
    while start < state.term_end:
        period = commit_period(state, commitment, start)
        first, end = max(start, as_of), min(period.end, state.term_end)
        if first < end:
            total += Fraction(commitment.amount * (end - first).days, period.full_days)
        start = period.end
    return total


def _terminated(state: ContractState, rounding: str, execution: str) -> TerminationCharged:
    as_of, termination = state.terminated, state.terms.termination
    if as_of is None or termination is None:
        raise ValueError(f"contract {state.ref} was not terminated")
    left = remaining(state, as_of)
    fee = Fraction(termination.amount or 0)
    if termination.percent is not None:
        fee = left * Fraction(termination.percent) / 100
    return TerminationCharged(
        execution=execution,
        as_of=as_of,
        remaining=round_div(left.numerator, left.denominator, rounding),
        amount=round_div(fee.numerator, fee.denominator, rounding),
    )


def anniversaries(state: ContractState, period_end: date) -> list[date]:
    """The anniversaries up to a day on which prices are still to rise, oldest first."""
    found: list[date] = []
    escalator = state.terms.escalator
    if escalator is None:
        return found
    frequency, last = parse_frequency(escalator.every), last_day(state)
    for n in range(state.anniversaries + 1, state.anniversaries + MOST_STEPS + 1):
        day = nth_date(frequency, state.start, state.start.day, n)
        if day > period_end or (last is not None and day >= last):
            break
        found.append(day)
    return found


def next_day(state: ContractState) -> date:
    """The first day on which something comes to the contract: no run whose billing period ends
    before has anything to do with it.
    """
    last, escalator = last_day(state), state.terms.escalator
    days = [state.term_end if last is None else min(state.term_end, last)]
    with suppress(Refusal):  # what would come after the last day there is never comes
        running = running_period(state)
        if running is not None:
            days.append(running[1])
    if escalator is not None:
        with suppress(Refusal):
            frequency = parse_frequency(escalator.every)
            days.append(nth_date(frequency, state.start, state.start.day, state.anniversaries + 1))
    return min(days)


def escalated(price: int, state: ContractState, rounding: str) -> int:
    """A price after an anniversary, rounded once to the minor unit (R31)."""
    escalator = state.terms.escalator
    if escalator is None:
        return price
    factor = 1 + Fraction(escalator.percent) / 100
    return round_div(price * factor.numerator, factor.denominator, rounding)
