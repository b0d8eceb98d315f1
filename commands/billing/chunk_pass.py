"""The billing pass: one pure pass over a chunk of whole invoicers (design decisions 4, 16).

Preview, run, retry and replay all come through here; nothing in it reads a clock, a store or a
random number. An invoicer that cannot be billed leaves nothing but its failure (R28).
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from aggregates.chunk import Failure, LeftBehind
from aggregates.refusal import Refusal
from commands.billing.draft import CannotBill, Draft
from commands.billing.facts import AccountFacts, ChunkFacts, InvoicerFacts
from commands.billing.packages import is_charged, left_behind
from commands.billing.settings import RunSettings
from commands.billing.stages import stages_of
from commands.store import PackageRow


class Outcome(msgspec.Struct):
    """What became of one invoicer: its draft, or its failure. `left` is there in both cases."""

    facts: InvoicerFacts | None
    draft: Draft | None
    failure: Failure | None
    left: list[LeftBehind]


WORKER_DIED = "worker_died"

TOGETHER = 100
"""Invoicers that go from stage to stage together. A stage that goes over many of them finds its
code at hand: all stages over one invoicer after the other took half as long again.
"""


def bill_chunk(
    chunk: ChunkFacts, settings: RunSettings, died: Collection[str] = ()
) -> Iterator[list[Outcome]]:
    """The outcome of every invoicer, some at a time. Those that `died` names ended the process
    that billed them, again and again: they are not tried and fail (design decision 20).
    """
    yield [Outcome(None, None, failure, []) for failure in chunk.unknown]
    if settings.account is not None and not chunk.unknown and not _holds(chunk, settings.account):
        yield [Outcome(None, None, _gone(settings.account), [])]
        return
    yield list(_unreadable(chunk, settings))
    invoicers = [one for one in chunk.invoicers if one.row.state.number not in chunk.unreadable]
    for first in range(0, len(invoicers), TOGETHER):
        drafts = [Draft(facts) for facts in invoicers[first : first + TOGETHER]]
        for draft in drafts:
            if draft.facts.row.state.number in died:
                draft.cause = _died(draft.facts)
        _apply_stages(drafts, settings)
        yield [_outcome(draft, settings) for draft in drafts]


def _unreadable(chunk: ChunkFacts, settings: RunSettings) -> Iterator[Outcome]:
    """Invoicers of which something stored cannot be read; history tells what stays due."""
    for facts in chunk.invoicers:
        failure = chunk.unreadable.get(facts.row.state.number)
        if failure is not None:
            yield Outcome(facts, None, failure, list(_stays_due(facts, settings)))


def _apply_stages(drafts: Sequence[Draft], settings: RunSettings) -> None:
    """Folds the run's stages over the invoicers. One that cannot be billed goes no further, and
    does not stop the others either (R28).
    """
    for apply in stages_of(settings):
        for draft in drafts:
            if draft.cause is not None:
                continue
            try:
                apply(draft, settings)
            except CannotBill as cause:
                draft.cause = cause
            except Exception as fault:
                # Nor does a fault in the pass stop them (design decision 20).
                draft.cause = _unexpected(draft.facts, fault)


def _outcome(draft: Draft, settings: RunSettings) -> Outcome:
    if draft.cause is not None:
        return _failed(draft.facts, settings, draft.cause)
    return Outcome(draft.facts, draft, None, draft.left)


def _holds(chunk: ChunkFacts, number: str) -> bool:
    return any(
        account.row.state.number == number
        for invoicer in chunk.invoicers
        for account in invoicer.accounts
    )


def _gone(number: str) -> Failure:
    """The account that was to be billed alone was deleted or left the run's groups meanwhile."""
    return Failure(
        invoicer=number,
        account=number,
        code="account_not_in_bill_run",
        message=f"account {number} is not in the bill groups of the run any more; "
        "bill it with a run that holds its group",
    )


def _unexpected(facts: InvoicerFacts, fault: Exception) -> CannotBill:
    number = facts.row.state.number
    if isinstance(fault, Refusal):
        return CannotBill(number, None, fault)
    sentence = (
        f"billing {number} met an unexpected {type(fault).__name__}: {fault}; nothing was "
        "written for it; report it, then retry"
    )
    return CannotBill(number, None, Refusal("unexpected", sentence))


def _died(facts: InvoicerFacts) -> CannotBill:
    number = facts.row.state.number
    sentence = (
        f"billing {number} ended the worker that did it, three times; nothing was written for it; "
        "report it, then retry"
    )
    return CannotBill(number, None, Refusal(WORKER_DIED, sentence))


def _failed(facts: InvoicerFacts, settings: RunSettings, cause: CannotBill) -> Outcome:
    failure = Failure(
        invoicer=facts.row.state.number,
        account=cause.account,
        account_package=cause.account_package,
        code=cause.refusal.code,
        message=cause.refusal.sentence,
    )
    return Outcome(facts, None, failure, list(_stays_due(facts, settings)))


def _stays_due(facts: InvoicerFacts, settings: RunSettings) -> Iterator[LeftBehind]:
    """What a run that bills packages leaves behind under an invoicer that failed (R9)."""
    if "bill_packages" not in settings.actions:
        return
    draft = Draft(facts)
    for account in facts.accounts:
        if is_charged(account, draft, settings):
            for row in account.packages:
                yield left_behind(account, row, _reason(account, row, settings))


def _reason(account: AccountFacts, row: PackageRow, settings: RunSettings) -> str:
    """The failure, unless the package would have stayed behind without it."""
    if account.row.state.status == "suspended":
        return "account_suspended"
    due = row.state.next_bill_date
    if due is not None and due < settings.period_start and settings.catch_up == "one":
        return "before_period"
    return "failed"
