"""A catalogue package made ready for billing: frequency parsed, prices laid out over time."""

from datetime import date

from aggregates.account_package.state import PriceOverride
from aggregates.days import parse_frequency
from aggregates.package import PackageState
from aggregates.proration import Steps, price_at

_REMEMBERED = 4096


class Offer:
    """What billing asks a package, worked out once per package and not once per customer."""

    __slots__ = ("_steps", "advance", "frequency", "package", "prorate", "services")

    def __init__(self, package: PackageState) -> None:
        self.package = package
        self.frequency = parse_frequency(package.frequency)
        self.advance = package.billing == "advance" and self.frequency.unit != "once"
        self.prorate = package.prorate
        self.services = package.services
        self._steps: dict[tuple[str, str, int], Steps] = {}

    def steps(self, service: str, currency: str, revision: int) -> Steps:
        """The catalogue's price over time, as known at a revision: of the prices that hold from
        one day the latest counts.
        """
        key = (service, currency, revision)
        found = self._steps.get(key)
        if found is None:
            found = self._steps[key] = self._lay_out(service, currency, revision)
        return found

    def _lay_out(self, service: str, currency: str, revision: int) -> Steps:
        by_day: dict[date, tuple[int, int | None]] = {date.min: (0, None)}
        for price in self.package.prices:
            if price.service != service or price.currency != currency or price.revision > revision:
                continue
            day = price.holds_from or date.min
            if price.revision >= by_day.get(day, (0, None))[0]:
                by_day[day] = (price.revision, price.amount)
        return tuple((day, by_day[day][1]) for day in sorted(by_day))


_offers: dict[int, Offer] = {}


def offer_of(package: PackageState) -> Offer:
    """The offer behind a package; the same object gives the same offer again."""
    found = _offers.get(id(package))
    if found is None or found.package is not package:
        if len(_offers) >= _REMEMBERED:
            _offers.clear()
        found = _offers[id(package)] = Offer(package)
    return found


def with_own_prices(catalogue: Steps, own: tuple[PriceOverride, ...]) -> Steps:
    """The price over time of one account-package: its own in force, else the catalogue's (R13)."""
    if not own:
        return catalogue
    steps: Steps = tuple((price.holds_from or date.min, price.amount) for price in own)
    if len(steps) == 1 and steps[0][0] == date.min and steps[0][1] is not None:
        return steps
    days = sorted({day for day, _ in steps} | {day for day, _ in catalogue})
    merged: list[tuple[date, int | None]] = []
    for day in days:
        price = price_at(steps, day)
        merged.append((day, price_at(catalogue, day) if price is None else price))
    return tuple(merged)
