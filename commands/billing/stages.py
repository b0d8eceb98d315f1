"""The stages of a bill run: the only place where their order is written (R4).

1 dunning · 2 packages · 3 usage · 4 contract terms · 5 generate invoice · 6 collect payment ·
7 render · 8 deliver. A stage is skipped when its action is off. Dunning comes before charging so
that a suspension stops the charges of the same run; invoicing comes after everything that makes a
charge; payment comes before rendering so that it shows on the document.
"""

from collections.abc import Callable
from typing import NamedTuple

from aggregates.execution import COUNTED_AT_CLOSE, FORM
from aggregates.ledger import refuse_closed
from commands.billing.collect_payment import collect_payment
from commands.billing.contract_terms import contract_terms
from commands.billing.counted_by_runs import count_commitments
from commands.billing.draft import Draft
from commands.billing.dunning import dunning
from commands.billing.generate_invoice import generate_invoice, let_wait
from commands.billing.packages import bill_packages
from commands.billing.settings import RunSettings

Apply = Callable[[Draft, RunSettings], None]


class Stage(NamedTuple):
    """A stage with the action that switches it on, and the last form of executions that has it."""

    action: str
    apply: Apply
    last_form: int = FORM


STAGES: tuple[Stage, ...] = (
    Stage("dunning", dunning),
    Stage("bill_packages", bill_packages),
    Stage("bill_packages", count_commitments, COUNTED_AT_CLOSE - 1),
    Stage("contract_terms", contract_terms),
    Stage("generate_invoice", generate_invoice),
    Stage("collect_payment", collect_payment),
)


def stages_of(settings: RunSettings) -> list[Apply]:
    """What the run does to each invoicer, in its order. Nothing posts into a closed period (R26);
    what no stage invoiced waits (decision 19).
    """
    switched_on = [
        stage.apply
        for stage in STAGES
        if stage.action in settings.actions and settings.form <= stage.last_form
    ]
    return [_refuse_closed, *switched_on, let_wait]


def _refuse_closed(_: Draft, settings: RunSettings) -> None:
    refuse_closed(settings.books, settings.posting_date)
