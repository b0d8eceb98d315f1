"""The owner: the business that bills (its currency, zone, rounding and invoice numbers)."""

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State


class Numbering(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How invoices are numbered (R19): prefix, first number, digits at least."""

    prefix: str = ""
    start: int = 1
    length: int = 1


class OwnerSetUp(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The owner exists. `currencies` maps each enabled currency to its minor digits (JPY 0)."""

    name: str
    currency: str
    currencies: dict[str, int]
    time_zone: str
    rounding: str = "half_up"
    numbering: Numbering = Numbering()


class OwnerRenamed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str


class CurrencyEnabled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    currency: str
    digits: int


class TimeZoneChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    time_zone: str


class InvoiceNumberingChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Prefix, length, or a new start above the last number given (R19)."""

    numbering: Numbering


OwnerEvent = OwnerSetUp | OwnerRenamed | CurrencyEnabled | TimeZoneChanged | InvoiceNumberingChanged


class OwnerState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    currency: str
    currencies: dict[str, int]
    time_zone: str
    rounding: str = "half_up"
    numbering: Numbering = Numbering()


def evolve(state: OwnerState | None, event: OwnerEvent) -> OwnerState:
    """The owner after the event."""
    if state is None:
        if not isinstance(event, OwnerSetUp):
            raise ImpossibleEvent(f"{type(event).__name__} before the owner was set up")
        return OwnerState(
            name=event.name,
            currency=event.currency,
            currencies=event.currencies,
            time_zone=event.time_zone,
            rounding=event.rounding,
            numbering=event.numbering,
        )
    match event:
        case OwnerRenamed():
            return replace(state, name=event.name)
        case CurrencyEnabled():
            return replace(state, currencies={**state.currencies, event.currency: event.digits})
        case TimeZoneChanged():
            return replace(state, time_zone=event.time_zone)
        case InvoiceNumberingChanged():
            return replace(state, numbering=event.numbering)
        case OwnerSetUp():
            raise ImpossibleEvent("the owner was set up twice")
