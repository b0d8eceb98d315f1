"""Exchange rates: a named set of multipliers from the default currency (R1, R16)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from aggregates.event import Event, ImpossibleEvent, State
from aggregates.names import check_name
from aggregates.owner import OwnerState, digits_of
from aggregates.refusal import Refusal

CURRENT = "current"
"""Names no set: it is the one in force on the business date (R1)."""


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


def create(
    *,
    name: str,
    effective: date,
    rates: Mapping[str, Decimal],
    owner: OwnerState,
    others: Iterable[ExchangeRatesState],
) -> list[ExchangeRatesEvent]:
    """A new set. No other set may have its effective date (R1)."""
    check_name(name, "name of exchange rates")
    if name == CURRENT:
        raise Refusal(
            "name_reserved",
            "`current` means the set in force on the business date: choose another name",
            name=name,
        )
    for currency, rate in rates.items():
        _check_rate(currency, rate, owner)
    _check_date_free(name, effective, others)
    return [ExchangeRatesCreated(name=name, effective=effective, rates=dict(rates))]


def change(
    state: ExchangeRatesState,
    *,
    effective: date,
    rates: Mapping[str, Decimal | None],
    owner: OwnerState,
    others: Iterable[ExchangeRatesState],
) -> list[ExchangeRatesEvent]:
    """The set as it is to be; a rate left out stays, None removes it. A rate that an execution
    has used cannot change; a missing one may be added (R16).
    """
    events: list[ExchangeRatesEvent] = []
    if effective != state.effective:
        if state.used:
            raise _used(state.name, "its effective date")
        _check_date_free(state.name, effective, others)
        events.append(EffectiveDateChanged(effective=effective))
    for currency, rate in rates.items():
        known = state.rates.get(currency)
        if rate == known:
            continue
        if currency in state.used:
            raise _used(state.name, f"the rate of {currency}")
        if rate is None:
            events.append(RateRemoved(currency=currency))
            continue
        _check_rate(currency, rate, owner)
        event = RateAdded if known is None else RateChanged
        events.append(event(currency=currency, rate=rate))
    return events


def delete(
    state: ExchangeRatesState, *, bill_runs: Sequence[str], last: bool
) -> list[ExchangeRatesEvent]:
    """The set goes away, unless it was used or a bill run needs it (R1). `bill_runs` name it;
    `last`: there is no other set and bill runs exist.
    """
    if bill_runs:
        raise Refusal(
            "in_use",
            f"exchange rates {state.name} are used by bill run {bill_runs[0]}: change that first",
            bill_runs=list(bill_runs),
        )
    if state.used:
        raise _used(state.name, "they", "cannot be deleted")
    if last:
        raise Refusal(
            "in_use",
            f"exchange rates {state.name} are the only ones and bill runs need some: "
            "delete the bill runs first",
        )
    return [ExchangeRatesDeleted()]


def _used(name: str, what: str, verdict: str = "cannot change") -> Refusal:
    return Refusal(
        "rate_used" if verdict == "cannot change" else "in_use",
        f"an execution has used exchange rates {name}: {what} {verdict}; make a new set",
        name=name,
    )


def _check_rate(currency: str, rate: Decimal, owner: OwnerState) -> None:
    digits_of(owner, currency)
    if currency == owner.currency:
        raise Refusal(
            "rate_invalid",
            f"{currency} is the owner's currency, its rate is always 1: leave it out",
            currency=currency,
        )
    exponent = rate.as_tuple().exponent
    if not (rate.is_finite() and 0 < rate < 10**12 and isinstance(exponent, int)):
        raise Refusal(
            "rate_invalid",
            f"the rate of {currency} is {rate}: it must be above 0 and below 10^12",
            currency=currency,
        )
    if exponent < -12:
        raise Refusal(
            "rate_invalid",
            f"the rate of {currency} has more than 12 decimals: round it to 12",
            currency=currency,
        )


def _check_date_free(name: str, effective: date, others: Iterable[ExchangeRatesState]) -> None:
    for other in others:
        if other.effective == effective and other.name != name:
            raise Refusal(
                "duplicate_effective_date",
                f"exchange rates {other.name} are already effective on {effective}: "
                "choose another date",
                other=other.name,
                effective=effective,
            )
