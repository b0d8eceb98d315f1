"""How an account-package changes by its events. Nothing is judged here: events are facts."""

import msgspec
from msgspec.structs import replace

from aggregates.account_package import events
from aggregates.account_package.events import AccountPackageEvent
from aggregates.account_package.state import (
    AccountPackageState,
    PriceOverride,
    Suspension,
    Terms,
)
from aggregates.event import ImpossibleEvent

_closed_books = msgspec.json.Decoder(AccountPackageState)


def evolve(state: AccountPackageState | None, event: AccountPackageEvent) -> AccountPackageState:
    """The state after an event; ImpossibleEvent if it cannot follow the state before."""
    if isinstance(event, events.PackageAdded):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"{state.ref} was added twice")
        return _added(event)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} of a package that is not there")
    if isinstance(event, events.PackageBilled):
        if state.ended:
            raise ImpossibleEvent(f"{state.ref} was billed after its end")
        return _closed_books.decode(event.state)
    return _changed(state, event)


def _added(event: events.PackageAdded) -> AccountPackageState:
    return AccountPackageState(
        ref=event.ref,
        account=event.account,
        package=event.package,
        currency=event.currency,
        effective=event.effective,
        calendar=event.calendar,
        terms=event.terms,
        billed_to=event.billed_to,
        own_bill_day=event.own_bill_day,
        next_bill_date=event.next_bill_date,
        notice=event.notice,
        ended=event.ended,
    )


def _changed(state: AccountPackageState, event: AccountPackageEvent) -> AccountPackageState:
    terms = state.terms
    match event:
        case events.PackageRescheduled():
            return replace(
                state,
                effective=event.effective,
                calendar=event.calendar,
                billed_to=event.billed_to,
                own_bill_day=event.own_bill_day,
                next_bill_date=event.next_bill_date,
                notice=event.notice,
                ended=event.ended,
            )
        case events.CalendarChanged():
            return replace(
                state,
                calendar=event.calendar,
                own_bill_day=event.own_bill_day,
                next_bill_date=event.next_bill_date,
            )
        case events.CancelSet():
            return replace(
                with_terms(state, replace(terms, cancel=event.cancel)),
                notice=event.notice,
                next_bill_date=event.next_bill_date,
                ended=event.ended,
            )
        case events.CancelWithdrawn():
            return replace(
                with_terms(state, replace(terms, cancel=None)),
                notice=None,
                next_bill_date=event.next_bill_date,
            )
        case events.PackageSuspended():
            suspension = Suspension(start=event.start, until=event.until)
            return with_terms(state, _suspended(terms, (*terms.suspensions, suspension)))
        case events.SuspensionEnded():
            return with_terms(state, _resumed(state.ref, terms, event))
        case events.PriceOverridden():
            return with_terms(state, replace(terms, prices=with_price(terms, event.price)))
        case events.PackageTakenBack():
            return _taken_back(state, event)
        case events.PackageRemoved():
            return replace(state, deleted=True, next_bill_date=None)
        case _:
            raise ImpossibleEvent(f"{type(event).__name__} of {state.ref}")


def _taken_back(state: AccountPackageState, event: events.PackageTakenBack) -> AccountPackageState:
    rounds = dict(state.rounds)
    for bill_date in event.bill_dates:
        written = bill_date.isoformat()
        rounds[written] = rounds.get(written, 0) + 1
    return replace(
        state,
        next_bill_date=event.next_bill_date,
        done=event.done,
        settled=None if event.known == state.terms else event.known,
        catalogue=event.catalogue,
        ended=event.next_bill_date is None,
        rounds=rounds,
    )


def with_terms(state: AccountPackageState, terms: Terms) -> AccountPackageState:
    """The state under new terms; what was known at the last billing stays on record until the
    next one has settled it.
    """
    settled = state.settled
    if settled is None and state.done is not None:
        settled = state.terms
    return replace(state, terms=terms, settled=None if settled == terms else settled)


def with_price(terms: Terms, price: PriceOverride) -> tuple[PriceOverride, ...]:
    """Own prices in the order of their days; one that holds from the same day is replaced."""
    others = [own for own in terms.prices if own.holds_from != price.holds_from]
    first = [own for own in (*others, price) if own.holds_from is None]
    dated = [(own.holds_from, own) for own in (*others, price) if own.holds_from is not None]
    return (*first, *(own for _, own in sorted(dated, key=lambda entry: entry[0])))


def _suspended(terms: Terms, suspensions: tuple[Suspension, ...]) -> Terms:
    return replace(terms, suspensions=tuple(sorted(suspensions, key=lambda s: s.start)))


def _resumed(ref: str, terms: Terms, event: events.SuspensionEnded) -> Terms:
    others = tuple(s for s in terms.suspensions if s.start != event.start)
    if len(others) == len(terms.suspensions):
        raise ImpossibleEvent(f"{ref} was not suspended from {event.start}")
    if event.until == event.start:
        return replace(terms, suspensions=others)
    return _suspended(terms, (*others, Suspension(start=event.start, until=event.until)))
