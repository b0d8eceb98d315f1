"""A package of the catalogue: services sold at a frequency, priced per currency (R10-R13, R33)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State


class Service(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    code: str
    name: str
    gl_code: str | None = None


class Price(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A price in minor units that holds from a day (`None`: for all days); `amount` None: no price
    from then on. `revision` is the package's revision that brought it, so that what was known at
    an earlier billing can be told from what is known now (R13, settlement).
    """

    service: str
    currency: str
    holds_from: date | None = None
    amount: int | None = None
    revision: int = 1


class PackageCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`frequency` is a named one or `every N days|weeks|months|years`; `billing` is `arrears` or
    `advance`. First prices hold for all days.
    """

    code: str
    name: str
    frequency: str
    services: tuple[Service, ...]
    prices: tuple[Price, ...]
    billing: str = "arrears"
    prorate: bool = True
    bill_day: int | None = None


class PackageRenamed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str


class PackagePricesChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """New prices from a day on. One event, however many account-packages it reaches."""

    prices: tuple[Price, ...]


class PackageRedefined(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A package that no account holds yet got other terms."""

    frequency: str
    services: tuple[Service, ...]
    prices: tuple[Price, ...]
    billing: str = "arrears"
    prorate: bool = True
    bill_day: int | None = None


class PackageServicesRelabelled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Names or ledger codes of its services changed; codes and number of services never do."""

    services: tuple[Service, ...]


class PackageDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


PackageEvent = (
    PackageCreated
    | PackageRenamed
    | PackagePricesChanged
    | PackageRedefined
    | PackageServicesRelabelled
    | PackageDeleted
)


class PackageState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`revision` counts price changes; `prices` keeps every price ever set, oldest first."""

    code: str
    name: str
    frequency: str
    services: tuple[Service, ...]
    prices: tuple[Price, ...]
    billing: str = "arrears"
    prorate: bool = True
    bill_day: int | None = None
    revision: int = 1
    deleted: bool = False


def evolve(state: PackageState | None, event: PackageEvent) -> PackageState:
    """The package after the event."""
    if isinstance(event, PackageCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"package {state.code} was created twice")
        return PackageState(
            code=event.code,
            name=event.name,
            frequency=event.frequency,
            services=event.services,
            prices=event.prices,
            billing=event.billing,
            prorate=event.prorate,
            bill_day=event.bill_day,
        )
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on a package that does not exist")
    match event:
        case PackageRenamed():
            return replace(state, name=event.name)
        case PackagePricesChanged():
            prices = (*state.prices, *event.prices)
            return replace(state, prices=prices, revision=state.revision + 1)
        case PackageRedefined():
            return replace(
                state,
                frequency=event.frequency,
                services=event.services,
                prices=event.prices,
                billing=event.billing,
                prorate=event.prorate,
                bill_day=event.bill_day,
                revision=state.revision + 1,
            )
        case PackageServicesRelabelled():
            return replace(state, services=event.services)
        case PackageDeleted():
            return replace(state, deleted=True)
