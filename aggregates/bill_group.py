"""A bill group: a set of accounts billed alike (R1, R3, R17, R18, R20)."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.names import check_name
from aggregates.refusal import Refusal

BASE_DATES = ("bill_day", "render_date")
"""What the dates of an invoice count from (R17)."""

_TERM = re.compile(r"due on receipt|net [0-9]{1,4}|day ([1-9]|[12][0-9]|3[01])")


class BillGroupSettings(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`payment_term` is `net N`, `due on receipt` or `day N`; `invoice_date` and `due_date` are
    `bill_day` or `render_date`; `render_threshold` is in minor units of the owner's currency;
    `exclude` holds the numbers of accounts that runs leave alone.
    """

    bill_day: int | None = None
    payment_term: str = "due on receipt"
    invoice_date: str = "bill_day"
    due_date: str = "bill_day"
    render_threshold: int = 0
    zero_invoices: bool = False
    exclude: tuple[str, ...] = ()


class BillGroupCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: BillGroupSettings


class BillGroupChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The settings as they are now, whole."""

    settings: BillGroupSettings


class BillGroupDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


BillGroupEvent = BillGroupCreated | BillGroupChanged | BillGroupDeleted


class BillGroupState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: BillGroupSettings
    deleted: bool = False


def evolve(state: BillGroupState | None, event: BillGroupEvent) -> BillGroupState:
    """The bill group after the event."""
    if isinstance(event, BillGroupCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"bill group {state.name} was created twice")
        return BillGroupState(name=event.name, settings=event.settings)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on a bill group that does not exist")
    match event:
        case BillGroupChanged():
            return replace(state, settings=event.settings)
        case BillGroupDeleted():
            return replace(state, deleted=True)


def put(
    state: BillGroupState | None, *, name: str, settings: BillGroupSettings
) -> list[BillGroupEvent]:
    """The bill group as it is to be. Bill days of its accounts were resolved when they were
    opened and stay (R10).
    """
    check_name(name, "name of a bill group")
    _check(name, settings)
    if state is None:
        return [BillGroupCreated(name=name, settings=settings)]
    return [] if settings == state.settings else [BillGroupChanged(settings=settings)]


def delete(
    state: BillGroupState, *, has_accounts: bool, bill_runs: Sequence[str]
) -> list[BillGroupEvent]:
    """The bill group goes away, unless accounts are in it or a bill run names it (R1)."""
    if has_accounts:
        raise Refusal(
            "in_use",
            f"bill group {state.name} has accounts: move them to another group first",
            name=state.name,
        )
    if bill_runs:
        raise Refusal(
            "in_use",
            f"bill group {state.name} is billed by bill run {bill_runs[0]}: change that first",
            name=state.name,
            bill_runs=list(bill_runs),
        )
    return [BillGroupDeleted()]


def check_bill_day(bill_day: int | None) -> None:
    """A bill day is 1 to 31, clamped to the month (R10)."""
    if bill_day is not None and not 1 <= bill_day <= 31:
        raise Refusal(
            "bill_day_invalid",
            f"the bill day is {bill_day}: it must lie between 1 and 31",
            field="bill_day",
        )


def check_payment_term(payment_term: str) -> None:
    """A payment term is `net N`, `due on receipt` or `day N` (R17)."""
    if not _TERM.fullmatch(payment_term):
        raise Refusal(
            "payment_term_invalid",
            f"{payment_term!r} is not a payment term: use `net N`, `due on receipt` or `day N`",
            field="payment_term",
        )


def _check(name: str, settings: BillGroupSettings) -> None:
    check_bill_day(settings.bill_day)
    check_payment_term(settings.payment_term)
    for field in ("invoice_date", "due_date"):
        if getattr(settings, field) not in BASE_DATES:
            raise Refusal(
                "base_date_invalid",
                f"{field} is {getattr(settings, field)!r}: use {' or '.join(BASE_DATES)}",
                field=field,
            )
    if settings.render_threshold < 0:
        raise Refusal(
            "render_threshold_invalid",
            f"the render threshold of bill group {name} is negative: use 0 for none",
            field="render_threshold",
        )
