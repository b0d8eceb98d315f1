"""A bill group: a set of accounts billed alike (R1, R3, R17, R18, R20)."""

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State


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
