"""The price of an account-package: its own, or the catalogue's (R13, R33)."""

from datetime import date

from aggregates.account_package import events
from aggregates.account_package.evolve import with_price
from aggregates.account_package.guards import refuse_ended
from aggregates.account_package.offer import Offer, offer_of, with_own_prices
from aggregates.account_package.periods import first_day
from aggregates.account_package.state import AccountPackageState, PriceOverride
from aggregates.event import Event
from aggregates.package import PackageState
from aggregates.proration import price_at
from aggregates.refusal import Refusal


def set_price(
    state: AccountPackageState, package: PackageState, amount: int | None, holds_from: date | None
) -> list[Event]:
    """Gives the account-package its own price from a day on (None: for all days), or takes it back
    to the catalogue's from that day on (amount None). A change for a later day stays in force.
    """
    offer, day = offer_of(package), holds_from or date.min
    if amount is None and not state.terms.prices:
        return []
    if amount is not None:
        refuse_override(offer, amount)
    price = PriceOverride(holds_from=holds_from, amount=amount)
    prices = with_price(state.terms, price)
    if _own_steps(prices) == _own_steps(state.terms.prices):
        return []
    refuse_ended(state)
    if amount is None:
        refuse_no_price(state, offer, max(day, first_day(state)), own=False)
    return [events.PriceOverridden(price=price)]


def price_on(state: AccountPackageState, package: PackageState, day: date) -> int | None:
    """The price in force on a day, of all services together; None if one has none."""
    offer, total = offer_of(package), 0
    for service in offer.services:
        catalogue = offer.steps(service.code, state.currency, package.revision)
        price = price_at(with_own_prices(catalogue, state.terms.prices), day)
        if price is None:
            return None
        total += price
    return total


def refuse_override(offer: Offer, amount: int) -> None:
    """An own price is not negative, and only a package with one service can have one (R33)."""
    if len(offer.services) > 1:
        raise Refusal(
            "price_override_not_allowed",
            f"package {offer.package.code} has {len(offer.services)} services, whose prices add"
            " up: leave out the own price",
            package=offer.package.code,
        )
    if amount < 0:
        raise Refusal(
            "price_negative", "a price is zero or more: give discounts as a credit", amount=amount
        )


def refuse_no_price(
    state: AccountPackageState, offer: Offer, day: date, *, own: bool = True
) -> None:
    """Every service needs a price in the account's currency on a day."""
    for service in offer.services:
        steps = offer.steps(service.code, state.currency, offer.package.revision)
        if own:
            steps = with_own_prices(steps, state.terms.prices)
        if price_at(steps, day) is None:
            raise no_price(state, service.code, day)


def no_price(state: AccountPackageState, service: str, day: date) -> Refusal:
    return Refusal(
        "price_missing",
        f"package {state.package} has no price in {state.currency} for {service} on {day}:"
        " add the price to the package",
        account_package=state.ref,
        package=state.package,
        service=service,
        currency=state.currency,
        day=day,
    )


def _own_steps(prices: tuple[PriceOverride, ...]) -> list[tuple[date, int | None]]:
    """What the own prices come to over time, without steps that change nothing."""
    steps: list[tuple[date, int | None]] = []
    for price in prices:
        if price.amount != (steps[-1][1] if steps else None):
            steps.append((price.holds_from or date.min, price.amount))
    return steps
