"""Decisions on a held account-package: cancel, suspend, resume, take out (R13).

Each returns the events that follow, none when nothing would change, or raises a Refusal. Every
change carries the date it holds from; what it means for periods already billed is settled on the
next bill date. A package that has ended takes no changes: it is credited by hand.

Taking a package is in `taking`, its price in `pricing`, its bill day in `rescheduling`.
"""

from datetime import date

from msgspec.structs import replace

from aggregates.account_package import events
from aggregates.account_package.guards import is_billed, refuse_ended
from aggregates.account_package.offer import offer_of
from aggregates.account_package.periods import next_bill_date, next_scheduled
from aggregates.account_package.pricing import set_price
from aggregates.account_package.rescheduling import change_bill_day, reschedule
from aggregates.account_package.state import AccountPackageState, CancelNotice, Suspension
from aggregates.account_package.taking import add
from aggregates.event import Event
from aggregates.package import PackageState
from aggregates.refusal import Refusal

__all__ = [
    "add",
    "change_bill_day",
    "remove",
    "reschedule",
    "resume",
    "set_cancel",
    "set_price",
    "suspend",
]


def set_cancel(
    state: AccountPackageState, package: PackageState, cancel: date | None, today: date
) -> list[Event]:
    """Sets, moves or withdraws (None) the cancel date; `today` is the business date it is recorded
    on. On or before the effective date of a package never billed it ends it at once.
    """
    if cancel == state.terms.cancel:
        return []
    refuse_ended(state)
    offer, current = offer_of(package), state.next_bill_date or today
    if cancel is None:
        return [events.CancelWithdrawn(next_bill_date=next_scheduled(state, offer) or current)]
    notice = CancelNotice(recorded_on=today, next_bill_date=current)
    if cancel <= state.effective and not is_billed(state):
        return [events.CancelSet(cancel=cancel, notice=notice, next_bill_date=None, ended=True)]
    known = replace(state, terms=replace(state.terms, cancel=cancel), notice=notice)
    upcoming = next_bill_date(known, offer)
    return [events.CancelSet(cancel=cancel, notice=notice, next_bill_date=upcoming)]


def suspend(state: AccountPackageState, start: date, until: date | None) -> list[Event]:
    """Days from `start` are not charged; `until` is the first one charged again (None: open)."""
    if Suspension(start=start, until=until) in state.terms.suspensions:
        return []
    refuse_ended(state)
    if until is not None and until <= start:
        raise Refusal(
            "suspension_empty",
            f"a suspension of {state.ref} from {start} must end after that day, not on {until}",
            account_package=state.ref,
        )
    for other in state.terms.suspensions:
        begins_before_end = until is None or other.start < until
        if begins_before_end and (other.until is None or start < other.until):
            raise Refusal(
                "already_suspended",
                f"{state.ref} is suspended from {other.start} to {other.until or 'further notice'}"
                " already: resume it first",
                account_package=state.ref,
            )
    return [events.PackageSuspended(start=start, until=until)]


def resume(state: AccountPackageState, as_of: date) -> list[Event]:
    """Ends the suspension in force on a day: that day is charged again. On the day it began, it is
    taken back whole.
    """
    for suspension in state.terms.suspensions:
        start, until = suspension.start, suspension.until
        if start <= as_of and (until is None or as_of < until):
            refuse_ended(state)
            return [events.SuspensionEnded(start=start, until=as_of)]
    if any(suspension.until == as_of for suspension in state.terms.suspensions):
        return []
    raise Refusal(
        "not_suspended",
        f"{state.ref} is not suspended on {as_of}: there is nothing to resume",
        account_package=state.ref,
    )


def remove(state: AccountPackageState) -> list[Event]:
    """Takes out a package that was never billed, with its account."""
    if state.deleted:
        return []
    if is_billed(state):
        raise Refusal(
            "already_billed",
            f"{state.ref} has been billed and stays on record: cancel it instead",
            account_package=state.ref,
        )
    return [events.PackageRemoved()]
