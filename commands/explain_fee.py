"""Why a fee was charged: the dunning level or the contract term behind it (R24, R30, R31)."""

from typing import NamedTuple

from aggregates import identity
from aggregates.ar_term import ArTermState
from aggregates.contract import CommitPeriodClosed, ContractState, TerminationCharged
from aggregates.invoice import DunningLevelReached, InvoiceLine
from aggregates.money import format_amount, round_div
from aggregates.owner import OwnerState
from commands.store import Recorded, Store


class Cause(NamedTuple):
    """A sentence, and the event that it tells of."""

    because: str
    recorded: Recorded


def cause_of_fee(
    store: Store, owner: OwnerState, line: InvoiceLine, currency: str, rounding: str
) -> Cause | None:
    """What caused the fee on a line, which is in `currency` before any conversion; None when it
    is no fee, or history does not tell.
    """
    if line.kind != "fee" or not line.transaction:
        return None
    digits, mode = owner.currencies[currency], rounding.replace("_", " ")
    if line.of_invoice:
        return _late_fee(store, line, currency, digits, mode)
    return _contract_fee(store, line, currency, digits, mode)


def _late_fee(
    store: Store, line: InvoiceLine, currency: str, digits: int, mode: str
) -> Cause | None:
    for recorded in store.stream(identity.parse(line.of_invoice)):
        event = recorded.event
        if isinstance(event, DunningLevelReached) and event.transaction == line.transaction:
            balance = f"{format_amount(event.balance, digits)} {currency}"
            percent = _percent(store, event, recorded.position)
            how = f"{percent} % of {balance}, rounded {mode}" if percent else "a fixed late fee"
            return Cause(
                f"{line.description}; {how}: AR term {event.ar_term}, fallen due on "
                f"{event.fell_on}, when {balance} was open",
                recorded,
            )
    return None


def _percent(store: Store, event: DunningLevelReached, position: int) -> str:
    """The percentage of the level as it was then."""
    with store.as_of(position) as then:
        found = then.get("ar_term", identity.named("ar_term", event.ar_term))
    if found is None:
        return ""
    term: ArTermState = found.state
    for level in term.settings.levels:
        if level.key == event.level and level.percent is not None:
            return f"{level.percent:f}"
    return ""


def _contract_fee(
    store: Store, line: InvoiceLine, currency: str, digits: int, mode: str
) -> Cause | None:
    with store.snapshot() as reading:
        account = identity.account(line.account)
        contracts = reading.items_of("contract", [account], only_open=False).get(account, [])
    for row in contracts:
        for recorded in store.stream(row.stream):
            event = recorded.event
            if getattr(event, "transaction", "") != line.transaction:
                continue
            if isinstance(event, CommitPeriodClosed):
                return Cause(_shortfall(line, event, row.state, currency, digits, mode), recorded)
            if isinstance(event, TerminationCharged):
                return Cause(_ended_early(line, event, row.state, currency, digits, mode), recorded)
    return None


def _shortfall(
    line: InvoiceLine,
    event: CommitPeriodClosed,
    state: ContractState,
    currency: str,
    digits: int,
    mode: str,
) -> str:
    committed, counted, shortfall = (
        format_amount(amount, digits)
        for amount in (event.commitment, event.counted, event.shortfall)
    )
    text = f"{line.description}: {committed} {currency} committed to"
    if event.days != event.full_days and state.terms.commitment is not None:
        whole = format_amount(state.terms.commitment.amount, digits)
        text += f" ({whole} × {event.days} ÷ {event.full_days} days, rounded {mode})"
    return f"{text}, {counted} counted, {shortfall} short"


def _ended_early(
    line: InvoiceLine,
    event: TerminationCharged,
    state: ContractState,
    currency: str,
    digits: int,
    mode: str,
) -> str:
    termination = state.terms.termination
    if termination is None or termination.percent is None:
        return f"{line.description}: a flat fee"
    left = format_amount(event.remaining, digits)
    numerator, denominator = termination.percent.as_integer_ratio()
    by_hand = round_div(event.remaining * numerator, denominator * 100, mode.replace(" ", "_"))
    # Rounded once, at the fee (R31): what is shown here may be a part of a cent beside it.
    shown = "" if by_hand == event.amount else " (rounded here for show, not in the fee)"
    return (
        f"{line.description}: {termination.percent:f} % of the {left} {currency} still committed "
        f"to{shown}, rounded {mode}"
    )
