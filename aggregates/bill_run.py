"""A bill run: a named, saved configuration of what to do and for which bill groups (R1)."""

from aggregates.event import Event, Fact, State

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
