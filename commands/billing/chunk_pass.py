"""The billing pass: one pure pass over a chunk of whole invoicers (design decisions 4, 16).

Preview, run, retry and replay all come through here; nothing in it reads a clock, a store or a
random number. An invoicer that cannot be billed leaves nothing but its failure (R28).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aggregates.chunk import Failure, LeftBehind
from commands.billing.draft import CannotBill, Draft
from commands.billing.facts import InvoicerFacts
from commands.billing.packages import is_charged, left_behind
from commands.billing.settings import RunSettings
from commands.billing.stages import apply_stages
from aggregates.refusal import Refusal


@dataclass(slots=True)
class Outcome:
    """What became of one invoicer: its draft, or its failure. `left` is there in both cases."""

    facts: InvoicerFacts
    draft: Draft | None
    failure: Failure | None
    left: list[LeftBehind]


def bill_invoicers(
    invoicers: Iterable[InvoicerFacts], settings: RunSettings
) -> Iterator[Outcome]:
    """The outcome of every invoicer, one after the other."""
    for facts in invoicers:
        draft = Draft(facts)
        try:
            apply_stages(draft, settings)
        except CannotBill as cause:
            yield _failed(facts, settings, cause)
        except Exception as fault:
            # A fault in the pass must not stop the others either (R28, design decision 20).
            yield _failed(facts, settings, _unexpected(facts, fault))
        else:
            yield Outcome(facts, draft, None, draft.left)


def _unexpected(facts: InvoicerFacts, fault: Exception) -> CannotBill:
    number = facts.row.state.number
    if isinstance(fault, Refusal):
        return CannotBill(number, None, fault)
    sentence = (
        f"billing {number} met an unexpected {type(fault).__name__}: {fault}; nothing was "
        "written for it; report it, then retry"
    )
    return CannotBill(number, None, Refusal("unexpected", sentence))


def _failed(facts: InvoicerFacts, settings: RunSettings, cause: CannotBill) -> Outcome:
    failure = Failure(
        invoicer=facts.row.state.number,
        account=cause.account,
        account_package=cause.account_package,
        code=cause.refusal.code,
        message=cause.refusal.sentence,
    )
    draft = Draft(facts)
    left: list[LeftBehind] = []
    for account in facts.accounts:
        if not is_charged(account, draft, settings):
            continue
        for row in account.packages:
            due = row.state.next_bill_date
            before = due is not None and due < settings.period_start
            only_one = settings.catch_up == "one"
            left.append(left_behind(account, row, "before_period" if before and only_one else "failed"))
    return Outcome(facts, None, failure, left)
