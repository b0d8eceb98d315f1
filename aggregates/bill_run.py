"""A bill run: a named, saved configuration of what to do and for which bill groups (R1)."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from aggregates.collection import check_collection
from aggregates.event import Event, Fact, ImpossibleEvent, State
from aggregates.exchange_rates import CURRENT
from aggregates.names import check_name
from aggregates.refusal import Refusal

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

SUPPORTED_ACTIONS = (
    "dunning",
    "bill_packages",
    "contract_terms",
    "generate_invoice",
    "collect_payment",
)
"""Those a run can ask for today; the others are refused with `action_not_available`."""


class BillRunSettings(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`exchange_rates` is the name of a set or `current`. `collection` says how much is asked for
    by collect_payment: balance_due or account_balance (R23).
    """

    actions: tuple[str, ...]
    bill_groups: tuple[str, ...]
    exchange_rates: str
    collection: str = "balance_due"


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


def put(
    state: BillRunState | None,
    *,
    name: str,
    settings: BillRunSettings,
    rate_sets: Collection[str],
    bill_groups: Collection[str],
) -> list[BillRunEvent]:
    """The bill run as it is to be. `rate_sets` and `bill_groups` are the names there are; without
    at least one of each there can be no bill run (R1).
    """
    check_name(name, "name of a bill run")
    _check_actions(settings.actions)
    check_collection(settings.collection)
    if not rate_sets:
        raise Refusal(
            "no_exchange_rates", "a bill run needs exchange rates: create a set of them first"
        )
    if not bill_groups:
        raise Refusal("no_bill_group", "a bill run needs a bill group: create one first")
    if not settings.bill_groups:
        raise Refusal("no_bill_group", f"bill run {name} names no bill group: name at least one")
    for group in settings.bill_groups:
        if group not in bill_groups:
            raise Refusal(
                "bill_group_unknown",
                f"there is no bill group {group!r}: create it or name another",
                bill_group=group,
            )
    if settings.exchange_rates != CURRENT and settings.exchange_rates not in rate_sets:
        raise Refusal(
            "exchange_rates_unknown",
            f"there are no exchange rates {settings.exchange_rates!r}: "
            "create them, name others or write `current`",
            exchange_rates=settings.exchange_rates,
        )
    if state is None:
        return [BillRunCreated(name=name, settings=settings)]
    return [] if settings == state.settings else [BillRunChanged(settings=settings)]


def delete(state: BillRunState, *, open_schedules: Sequence[str]) -> list[BillRunEvent]:
    """The bill run goes away, unless a schedule is still to fire it (R1)."""
    if open_schedules:
        raise Refusal(
            "in_use",
            f"bill run {state.name} is still scheduled ({open_schedules[0]}): cancel that first",
            schedules=list(open_schedules),
        )
    return [BillRunDeleted()]


def _check_actions(actions: tuple[str, ...]) -> None:
    if not actions:
        raise Refusal("no_action", f"a bill run does something: use {', '.join(SUPPORTED_ACTIONS)}")
    for action in actions:
        if action not in ACTIONS:
            raise Refusal(
                "action_unknown",
                f"there is no action {action!r}: use {', '.join(SUPPORTED_ACTIONS)}",
                action=action,
            )
        if action not in SUPPORTED_ACTIONS:
            raise Refusal(
                "action_not_available",
                f"{action} is not available yet: use {', '.join(SUPPORTED_ACTIONS)}",
                action=action,
            )
