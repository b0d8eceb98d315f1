"""What a bill date charges, and how many cycles an execution bills (R7, R8, R9, R11, R13)."""

from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from aggregates.account_package.events import Charge
from aggregates.account_package.lines import lines
from aggregates.account_package.offer import Offer, offer_of
from aggregates.account_package.periods import (
    final_bill_date,
    next_bill_date,
    next_scheduled,
    periods_due,
)
from aggregates.account_package.settlement import settle
from aggregates.account_package.state import AccountPackageState
from aggregates.package import PackageState

MOST_CYCLES = 1000
"""At most so many cycles per package and execution (design decision 20)."""


class Cycle(NamedTuple):
    """One bill date, its charges (there may be none) and the state after it."""

    bill_date: date
    charges: tuple[Charge, ...]
    state: AccountPackageState


class Billing(NamedTuple):
    """What an execution bills of one package. `left` says why it stays due: `before_period`,
    `more_cycles`, None when it does not.
    """

    cycles: tuple[Cycle, ...]
    left: str | None
    next_bill_date: date | None


def bill_cycles(
    state: AccountPackageState,
    package: PackageState,
    *,
    period_start: date,
    period_end: date,
    catch_up: str,
    rounding: str,
) -> Billing:
    """Bills what is due in a billing period, both ends inclusive. Catch-up `one` bills one cycle
    whose date lies in the period; `all` or a number also what is older, oldest first (R9).
    """
    due = state.next_bill_date
    if due is None or due > period_end:
        return Billing((), None, due)
    if catch_up == "one" and due < period_start:
        return Billing((), "before_period", due)
    offer, limit = offer_of(package), _limit(catch_up)
    cycles: list[Cycle] = []
    while due is not None and due <= period_end:
        if len(cycles) >= limit:
            return Billing(tuple(cycles), "more_cycles", due)
        cycle = bill_date(state, offer, due, rounding)
        cycles.append(cycle)
        state = cycle.state
        due = state.next_bill_date
    return Billing(tuple(cycles), None, due)


def bill_date(state: AccountPackageState, offer: Offer, day: date, rounding: str) -> Cycle:
    """Bills one date: settles what changed, charges the periods due, moves the date on. On the
    final bill date of a cancelled package it ends.
    """
    revision = offer.package.revision
    charges: list[Charge] = []
    if state.done is not None and (state.settled is not None or state.catalogue != revision):
        charges += settle(state, offer, rounding)
    for period in periods_due(state, offer, day):
        charges += lines(state, offer, period, state.terms, revision, rounding)
    if state.rounds:
        charges = _in_round(charges, state.rounds.get(day.isoformat(), 0))
    final = final_bill_date(state, offer)
    done = day if day == next_scheduled(state, offer) else state.done
    after = replace(state, done=done, settled=None, catalogue=revision)
    following = None if day == final else next_bill_date(after, offer)
    after = replace(after, next_bill_date=following, ended=following is None)
    return Cycle(day, tuple(charges), after)


def _in_round(charges: list[Charge], round: int) -> list[Charge]:
    """A bill date that was taken back is charged again: another identity (R14)."""
    return [replace(charge, round=round) for charge in charges] if round else charges


def _limit(catch_up: str) -> int:
    if catch_up == "one":
        return 1
    if catch_up == "all":
        return MOST_CYCLES
    return min(int(catch_up), MOST_CYCLES)
