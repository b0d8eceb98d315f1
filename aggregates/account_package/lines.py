"""The lines of one period: one per service, unbroken stretch of charged days and price (R12, R13).

Used for what a cycle charges and, twice, for what a settlement compares: there is one rule.
"""

from aggregates.account_package.events import Charge
from aggregates.account_package.offer import Offer, with_own_prices
from aggregates.account_package.periods import Period
from aggregates.account_package.pricing import no_price
from aggregates.account_package.state import AccountPackageState, Terms
from aggregates.proration import Part, Span, charged_spans, price_at, prorated, split_by_price


def lines(
    state: AccountPackageState,
    offer: Offer,
    period: Period,
    terms: Terms,
    revision: int,
    rounding: str,
) -> list[Charge]:
    """What a period costs under given terms and prices as known at a catalogue revision."""
    once = offer.frequency.unit == "once"
    suspensions = () if once else terms.suspensions
    spans = charged_spans(period.start, period.end, terms.cancel, suspensions)
    if not spans:
        return []
    kind = "one_time" if once else "recurring" if period.whole else "stub"
    full_days, charges = period.full_days, list[Charge]()
    for service in offer.services:
        catalogue = offer.steps(service.code, state.currency, revision)
        steps = with_own_prices(catalogue, terms.prices)
        parts = split_by_price(spans, steps)
        if not offer.prorate:
            parts = [Part(spans[0][0], spans[-1][1], price_at(steps, spans[0][0]))]
        for part in parts:
            price = part.price
            if price is None:
                raise no_price(state, service.code, part.start)
            days = part.days if offer.prorate else _days(spans)
            amount = prorated(price, days, full_days, rounding) if offer.prorate else price
            charges.append(
                Charge(
                    service=service.code,
                    name=service.name,
                    kind=kind,
                    start=part.start,
                    end=part.end,
                    days=days,
                    full_days=full_days,
                    amount=amount,
                    unit_price=price,
                    gl_code=service.gl_code,
                )
            )
    return charges


def _days(spans: tuple[Span, ...]) -> int:
    return sum((end - start).days for start, end in spans)
