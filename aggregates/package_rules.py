"""What may be done to a package of the catalogue: its definition and its prices (R1, R10, R13)."""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from aggregates.bill_group import check_bill_day
from aggregates.days import parse_frequency
from aggregates.event import Fact
from aggregates.names import check_name
from aggregates.package import (
    PackageCreated,
    PackageDeleted,
    PackageEvent,
    PackagePricesChanged,
    PackageRedefined,
    PackageRenamed,
    PackageServicesRelabelled,
    PackageState,
    Price,
    Service,
)
from aggregates.refusal import Refusal

BILLING = ("arrears", "advance")

Prices = Mapping[tuple[str, str], int | None]
"""New prices in minor units by (service, currency); None: no price any more."""


class Definition(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a package is, but for its name and prices. Fixed once an account holds it."""

    frequency: str
    services: tuple[Service, ...]
    billing: str = "arrears"
    prorate: bool = True
    bill_day: int | None = None


def definition_of(state: PackageState) -> Definition:
    return Definition(
        frequency=state.frequency,
        services=state.services,
        billing=state.billing,
        prorate=state.prorate,
        bill_day=state.bill_day,
    )


def create(*, code: str, name: str, definition: Definition, prices: Prices) -> list[PackageEvent]:
    """A new package. Its first prices hold for all days."""
    check_name(code, "code of a package")
    check_name(name, "name of a package")
    wanted = _checked(code, definition)
    return [
        PackageCreated(
            code=code,
            name=name,
            frequency=wanted.frequency,
            services=wanted.services,
            prices=_new_prices((), 1, prices, None),
            billing=wanted.billing,
            prorate=wanted.prorate,
            bill_day=wanted.bill_day,
        )
    ]


def change(
    state: PackageState,
    *,
    name: str,
    definition: Definition,
    prices: Prices,
    holds_from: date,
    held: bool,
) -> list[PackageEvent]:
    """The package as it is to be; prices left out stay. A changed price holds from the day given,
    the first one of a currency for all days. `held`: an account holds the package, or once did.
    """
    check_name(name, "name of a package")
    wanted = _checked(state.code, definition)
    events: list[PackageEvent] = []
    if name != state.name:
        events.append(PackageRenamed(name=name))
    changed = _first_difference(state, wanted)
    if changed is not None:
        if held:
            raise Refusal(
                "cannot_change",
                f"{changed} of package {state.code} cannot change, for accounts hold it: "
                "make a new package",
                field=changed,
                package=state.code,
            )
        return [*events, _redefined(state, wanted, prices, holds_from)]
    order = {service.code: place for place, service in enumerate(state.services)}
    services = tuple(sorted(wanted.services, key=lambda service: order[service.code]))
    if services != state.services:
        events.append(PackageServicesRelabelled(services=services))
    added = _new_prices(state.prices, state.revision + 1, prices, holds_from)
    if added:
        events.append(PackagePricesChanged(prices=added))
    return events


def delete(state: PackageState, *, held: bool) -> list[PackageEvent]:
    """The package goes away, unless an account holds it, or once did (R1)."""
    if held:
        raise Refusal(
            "in_use",
            f"accounts hold package {state.code}: it cannot be deleted",
            package=state.code,
        )
    return [PackageDeleted()]


def price_on(prices: tuple[Price, ...], service: str, currency: str, day: date) -> int | None:
    """The catalogue price in force on a day as known now; None when there is none."""
    found: Price | None = None
    for price in prices:
        if price.service != service or price.currency != currency:
            continue
        if (price.holds_from or date.min) <= day and (
            found is None or _rank(price) >= _rank(found)
        ):
            found = price
    return found.amount if found else None


def _rank(price: Price) -> tuple[date, int]:
    return price.holds_from or date.min, price.revision


def _new_prices(
    known: tuple[Price, ...], revision: int, wanted: Prices, holds_from: date | None
) -> tuple[Price, ...]:
    added: list[Price] = []
    for (service, currency), amount in wanted.items():
        if amount is not None and amount < 0:
            raise Refusal(
                "price_negative",
                f"the price of {service} in {currency} is negative: prices are 0 or more",
                service=service,
                currency=currency,
            )
        first = not any(p.service == service and p.currency == currency for p in known)
        if first and amount is None:
            continue
        day = None if first else holds_from
        if first or price_on(known, service, currency, day or date.min) != amount:
            price = Price(
                service=service,
                currency=currency,
                holds_from=day,
                amount=amount,
                revision=revision,
            )
            added.append(price)
    return tuple(added)


def _redefined(
    state: PackageState, wanted: Definition, prices: Prices, holds_from: date
) -> PackageRedefined:
    codes = {service.code for service in wanted.services}
    kept = tuple(price for price in state.prices if price.service in codes)
    return PackageRedefined(
        frequency=wanted.frequency,
        services=wanted.services,
        prices=(*kept, *_new_prices(kept, state.revision + 1, prices, holds_from)),
        billing=wanted.billing,
        prorate=wanted.prorate,
        bill_day=wanted.bill_day,
    )


def _first_difference(state: PackageState, wanted: Definition) -> str | None:
    """The first thing, among those that are fixed once held, that would change."""
    for field in ("frequency", "billing", "prorate", "bill_day"):
        if getattr(state, field) != getattr(wanted, field):
            return field
    if {service.code for service in state.services} != {s.code for s in wanted.services}:
        return "services"
    return None


def _checked(code: str, wanted: Definition) -> Definition:
    """The definition in canonical words."""
    frequency = parse_frequency(wanted.frequency)
    if wanted.billing not in BILLING:
        raise Refusal(
            "billing_invalid",
            f"{wanted.billing!r} is not a way of billing: use {' or '.join(BILLING)}",
            field="billing",
        )
    check_bill_day(wanted.bill_day)
    if wanted.bill_day is not None and frequency.unit != "months":
        raise Refusal(
            "bill_day_invalid",
            f"package {code} is billed {frequency.text} and has no bill day: leave it out",
            field="bill_day",
        )
    if not wanted.services:
        raise Refusal("no_service", f"package {code} has no service: name at least one")
    seen: set[str] = set()
    for service in wanted.services:
        check_name(service.code, "code of a service")
        check_name(service.name, "name of a service")
        if service.code in seen:
            raise Refusal(
                "duplicate_name",
                f"package {code} has two services {service.code}: give each its own code",
                service=service.code,
            )
        seen.add(service.code)
    return replace(wanted, frequency=frequency.text)
