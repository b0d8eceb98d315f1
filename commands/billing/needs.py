"""What stages read beside accounts, packages and what waits: nothing in a plain run."""

from aggregates.execution import COUNTED_AT_CLOSE
from commands.billing.settings import RunSettings

NEEDS: dict[str, tuple[str, ...]] = {
    "dunning": ("invoice", "payment", "payment_methods"),
    "contract_terms": ("contract",),
    "collect_payment": ("invoice", "payment", "payment_methods"),
}
"""The kinds of items each action reads, open ones only; invoices before what pays them."""


def needs_of(settings: RunSettings) -> tuple[str, ...]:
    """The kinds of items the run reads, each once."""
    kinds = [kind for action in settings.actions for kind in NEEDS.get(action, ())]
    if "bill_packages" in settings.actions and settings.form < COUNTED_AT_CLOSE:
        kinds.append("contract")
    if not settings.has_contracts:
        kinds = [kind for kind in kinds if kind != "contract"]
    return tuple(dict.fromkeys(kinds))


def visits_everyone(settings: RunSettings) -> bool:
    """Whether accounts without anything due are visited too: there may be something owed."""
    return any(action in NEEDS for action in settings.actions)
