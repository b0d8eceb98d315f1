"""Settlement: what was billed before a change became known is put right afterwards (R13).

Every billing settles all that is known, so what stands billed for a period is always what its
lines were under the terms and prices known at the last billing. No list of billed lines is kept.
"""

from collections.abc import Sequence
from datetime import date

from aggregates.account_package.events import Charge
from aggregates.account_package.lines import lines
from aggregates.account_package.offer import Offer
from aggregates.account_package.periods import Period, billed_periods, period_from
from aggregates.account_package.state import AccountPackageState, Terms
from aggregates.package import Service


def settle(state: AccountPackageState, offer: Offer, rounding: str) -> list[Charge]:
    """One credit or adjustment for each billed period and service whose amount has changed. A
    package without proration is never settled.
    """
    since = _changed_since(state, offer)
    if since is None or not offer.prorate:
        return []
    settled = state.terms if state.settled is None else state.settled
    revision, charges = offer.package.revision, list[Charge]()
    for period in billed_periods(state, offer, since):
        now = lines(state, offer, period, state.terms, revision, rounding)
        then = lines(state, offer, period, settled, state.catalogue, rounding)
        for service in offer.services:
            difference = _difference(period, service, now, then)
            if difference is not None:
                charges.append(difference)
    return charges


def sides(
    state: AccountPackageState, offer: Offer, start: date, service: str, rounding: str
) -> tuple[list[Charge], list[Charge]]:
    """Both sides of the settlement of one billed period and service, for whoever asks why: what
    its lines would have been, had everything been known, and what stood billed (R13, R30).
    """
    period = period_from(offer.frequency, state.calendar, start)
    settled = state.terms if state.settled is None else state.settled
    now = lines(state, offer, period, state.terms, offer.package.revision, rounding)
    then = lines(state, offer, period, settled, state.catalogue, rounding)
    return (
        [line for line in now if line.service == service],
        [line for line in then if line.service == service],
    )


def _difference(
    period: Period, service: Service, now: Sequence[Charge], then: Sequence[Charge]
) -> Charge | None:
    mine = [line for line in now if line.service == service.code]
    billed = [line for line in then if line.service == service.code]
    amount = sum(line.amount for line in mine) - sum(line.amount for line in billed)
    if amount == 0:
        return None
    return Charge(
        service=service.code,
        name=service.name,
        kind="credit" if amount < 0 else "adjustment",
        start=period.start,
        end=period.end,
        days=sum(line.days for line in mine) - sum(line.days for line in billed),
        full_days=period.full_days,
        amount=amount,
        gl_code=service.gl_code,
    )


def _changed_since(state: AccountPackageState, offer: Offer) -> date | None:
    """The first day for which something else is known now than at the last billing."""
    days: list[date] = []
    if state.settled is not None and state.settled != state.terms:
        days += _differing_days(state.settled, state.terms)
    if state.catalogue != offer.package.revision:
        days += [
            price.holds_from or date.min
            for price in offer.package.prices
            if price.revision > state.catalogue and price.currency == state.currency
        ]
    return min(days, default=None)


def _differing_days(then: Terms, now: Terms) -> list[date]:
    days = [s.start for s in set(then.suspensions) ^ set(now.suspensions)]
    days += [p.holds_from or date.min for p in set(then.prices) ^ set(now.prices)]
    if then.cancel != now.cancel:
        days += [day for day in (then.cancel, now.cancel) if day is not None]
    return days
