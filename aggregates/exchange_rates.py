"""Exchange rates: a named set of multipliers from the default currency (R1, R16)."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from aggregates.event import Event, ImpossibleEvent, State


class ExchangeRatesCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A set with its effective date; `rates` are multipliers from the default currency."""

    name: str
    effective: date
    rates: dict[str, Decimal]


class RateAdded(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    currency: str
    rate: Decimal


class RateChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rate that no execution has used yet was corrected."""

    currency: str
    rate: Decimal


class RateRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rate that no execution has used yet was taken out."""

    currency: str


class EffectiveDateChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    effective: date


class ExchangeRatesUsed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An execution was started with the set: the rates named cannot change any more (R16)."""

    execution: str
    currencies: tuple[str, ...]


class ExchangeRatesDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


ExchangeRatesEvent = (
    ExchangeRatesCreated
    | RateAdded
    | RateChanged
    | RateRemoved
    | EffectiveDateChanged
    | ExchangeRatesUsed
    | ExchangeRatesDeleted
)


class ExchangeRatesState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    effective: date
    rates: dict[str, Decimal]
    used: tuple[str, ...] = ()
    deleted: bool = False


def evolve(state: ExchangeRatesState | None, event: ExchangeRatesEvent) -> ExchangeRatesState:
    """The set after the event."""
    if isinstance(event, ExchangeRatesCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"exchange rates {state.name} were created twice")
        return ExchangeRatesState(name=event.name, effective=event.effective, rates=event.rates)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on exchange rates that do not exist")
    match event:
        case RateAdded() | RateChanged():
            return replace(state, rates={**state.rates, event.currency: event.rate})
        case RateRemoved():
            kept = {code: rate for code, rate in state.rates.items() if code != event.currency}
            return replace(state, rates=kept)
        case EffectiveDateChanged():
            return replace(state, effective=event.effective)
        case ExchangeRatesUsed():
            new = [code for code in event.currencies if code not in state.used]
            return replace(state, used=(*state.used, *new))
        case ExchangeRatesDeleted():
            return replace(state, deleted=True)
