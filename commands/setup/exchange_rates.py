"""Set exchange rates, change or delete them (R1, R16)."""

from decimal import Decimal

from pydantic import Field

from aggregates import exchange_rates, identity
from aggregates.exchange_rates import ExchangeRatesState
from aggregates.refusal import Refusal
from commands.setup.entry import Day, Done, Entry, Rate, came_of
from commands.workspace import Workspace

KIND = "exchange_rates"


class SetExchangeRates(Entry):
    """A named set of multipliers from the owner's currency, with the date it is effective."""

    name: str
    effective: Day | None = None
    rates: dict[str, Rate | None] = Field(default_factory=dict[str, Decimal | None])


def set_exchange_rates(workspace: Workspace, entry: SetExchangeRates) -> Done:
    """Puts a set of rates."""
    stream = identity.named(KIND, entry.name)
    state: ExchangeRatesState | None = workspace.find(KIND, stream)
    owner = workspace.owner()
    others = list(workspace.all_of(KIND))
    effective = entry.effective or (state.effective if state else None)
    if effective is None:
        raise Refusal(
            "missing_key",
            f"exchange rates {entry.name!r} need the date they are `effective`",
            field="effective",
        )
    if state is None:
        first: dict[str, Decimal] = {c: rate for c, rate in entry.rates.items() if rate is not None}
        events = exchange_rates.create(
            name=entry.name, effective=effective, rates=first, owner=owner, others=others
        )
    else:
        events = exchange_rates.change(
            state, effective=effective, rates=entry.rates, owner=owner, others=others
        )
    workspace.stage(KIND, stream, events)
    return came_of(state is None, bool(events))


def delete_exchange_rates(workspace: Workspace, name: str) -> None:
    """Takes a set away that nobody uses."""
    stream = identity.named(KIND, name)
    state: ExchangeRatesState | None = workspace.find(KIND, stream)
    if state is None:
        raise Refusal(
            "exchange_rates_unknown",
            f"there are no exchange rates {name!r}: see `billstream exchange-rates list`",
            exchange_rates=name,
        )
    runs = list(workspace.all_of("bill_run"))
    events = exchange_rates.delete(
        state,
        bill_runs=[run.name for run in runs if run.settings.exchange_rates == name],
        last=bool(runs) and len(list(workspace.all_of(KIND))) == 1,
    )
    workspace.stage(KIND, stream, events)
