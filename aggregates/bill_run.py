"""A bill run: a named, saved configuration of what to do and for which bill groups (R1)."""

from msgspec.structs import replace

from aggregates.event import Event, Fact, ImpossibleEvent, State

ACTIONS = (
    "dunning",
    "bill_packages",
    "bill_usage",
    "contract_terms",
    "generate_invoice",
    "collect_payment",
    "render",
    "deliver",
)
"""Every action the model knows, in the order of the stages (R4)."""

SUPPORTED_ACTIONS = ("bill_packages", "generate_invoice")
"""Those a run can ask for today; the others are refused with `action_not_available`."""


class BillRunSettings(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`exchange_rates` is the name of a set or `current`."""

    actions: tuple[str, ...]
    bill_groups: tuple[str, ...]
    exchange_rates: str


class BillRunCreated(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: BillRunSettings


class BillRunChanged(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    settings: BillRunSettings


class BillRunDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


BillRunEvent = BillRunCreated | BillRunChanged | BillRunDeleted


class BillRunState(State, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    settings: BillRunSettings
    deleted: bool = False


def evolve(state: BillRunState | None, event: BillRunEvent) -> BillRunState:
    """The bill run after the event."""
    if isinstance(event, BillRunCreated):
        if state is not None and not state.deleted:
            raise ImpossibleEvent(f"bill run {state.name} was created twice")
        return BillRunState(name=event.name, settings=event.settings)
    if state is None or state.deleted:
        raise ImpossibleEvent(f"{type(event).__name__} on a bill run that does not exist")
    match event:
        case BillRunChanged():
            return replace(state, settings=event.settings)
        case BillRunDeleted():
            return replace(state, deleted=True)
