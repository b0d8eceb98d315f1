"""The books of the owner: how far they are closed. Nothing posts into a closed period (R26)."""

from datetime import date

from msgspec.structs import replace

from aggregates.event import Event, ImpossibleEvent, State
from aggregates.refusal import Refusal


class PeriodClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Every posting date up to and including `through` is closed."""

    through: date


LedgerEvent = PeriodClosed


class LedgerState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str = "ledger"
    closed_through: date | None = None
    deleted: bool = False


def evolve(state: LedgerState | None, event: LedgerEvent) -> LedgerState:
    """The books after the event."""
    match event:
        case PeriodClosed():
            return replace(state or LedgerState(), closed_through=event.through)
        case _:
            raise ImpossibleEvent(f"{type(event).__name__} on the ledger")


def close(state: LedgerState | None, through: date, today: date) -> list[LedgerEvent]:
    """Closes all days up to and including `through`. Only days that are over can be closed, and
    what is closed stays so: refused with `period_not_over` and `period_closed`.
    """
    if through >= today:
        raise Refusal(
            "period_not_over",
            f"{through} is not over yet in the owner's zone, where it is {today}: close an "
            "earlier day",
            through=through.isoformat(),
        )
    closed = state.closed_through if state is not None else None
    if closed is not None and through < closed:
        raise Refusal(
            "period_closed",
            f"the books are closed through {closed} already, and a closed period stays so",
            closed_through=closed.isoformat(),
        )
    return [] if through == closed else [PeriodClosed(through=through)]


def refuse_closed(state: LedgerState | None, posting_date: date) -> None:
    """Refused with `period_closed` if the posting date lies in a closed period (R26)."""
    closed = state.closed_through if state is not None else None
    if closed is not None and posting_date <= closed:
        raise Refusal(
            "period_closed",
            f"posting date {posting_date} lies in a closed period: the books are closed through "
            f"{closed}; choose a later posting date",
            posting_date=posting_date.isoformat(),
            closed_through=closed.isoformat(),
        )
