"""Exchange rates: a named set of multipliers from the default currency (R1, R16)."""

from datetime import date
from decimal import Decimal

from aggregates.event import Event, State


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
