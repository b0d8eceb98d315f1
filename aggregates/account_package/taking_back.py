"""Going back to a bill date: what a void or a reversal does to an account-package (R21, R22).

The books of the cycles from there on are opened again. What changed since then stays: a cancel, a
suspension, a price. What was known when the last cycle that stands was billed is known again, so
that settlement finds what it would have found.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from aggregates.account_package import events
from aggregates.account_package.evolve import evolve
from aggregates.account_package.offer import offer_of
from aggregates.account_package.periods import next_bill_date
from aggregates.account_package.state import AccountPackageState
from aggregates.package import PackageState


class Standing(NamedTuple):
    """A cycle that was billed and stands: its bill date, its charges, and the state before it."""

    billed: events.PackageBilled
    before: AccountPackageState


def standing(history: Sequence[events.AccountPackageEvent]) -> list[Standing]:
    """The cycles of a package that were billed and not taken back, oldest first."""
    state: AccountPackageState | None = None
    found: list[Standing] = []
    for event in history:
        if isinstance(event, events.PackageBilled) and state is not None:
            found.append(Standing(event, state))
        elif isinstance(event, events.PackageTakenBack):
            gone = set(event.bill_dates)
            found = [one for one in found if one.billed.bill_date not in gone]
        state = evolve(state, event)
    return found


def take_back(
    state: AccountPackageState,
    package: PackageState,
    cycles: Sequence[Standing],
    *,
    on: date,
    invoice: str = "",
    execution: str = "",
) -> list[events.AccountPackageEvent]:
    """The package goes back to the first of `cycles`, which are its newest ones that stand."""
    if not cycles:
        return []
    before = cycles[0].before
    known = None
    if before.done is not None:
        known = before.terms if before.settled is None else before.settled
    event = events.PackageTakenBack(
        bill_dates=tuple(cycle.billed.bill_date for cycle in cycles),
        next_bill_date=None,
        on=on,
        done=before.done,
        known=known,
        catalogue=before.catalogue,
        invoice=invoice,
        execution=execution,
    )
    after = evolve(state, event)
    return [replace(event, next_bill_date=next_bill_date(after, offer_of(package)))]
