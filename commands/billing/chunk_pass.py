"""The billing pass: one pure pass over a chunk of whole invoicers (design decisions 4, 16).

Preview, run, retry and replay all come through here; nothing in it reads a clock, a store or a
random number. An invoicer that cannot be billed leaves nothing but its failure (R28).
"""

from collections.abc import Collection, Iterator

import msgspec

from aggregates.chunk import Failure, LeftBehind
from aggregates.refusal import Refusal
from commands.billing.draft import CannotBill, Draft
from commands.billing.facts import AccountFacts, ChunkFacts, InvoicerFacts
from commands.billing.packages import is_charged, left_behind
from commands.billing.settings import RunSettings
from commands.billing.stages import apply_stages
from commands.store import PackageRow


class Outcome(msgspec.Struct):
    """What became of one invoicer: its draft, or its failure. `left` is there in both cases."""

    facts: InvoicerFacts | None
    draft: Draft | None
    failure: Failure | None
    left: list[LeftBehind]


WORKER_DIED = "worker_died"


def bill_chunk(
    chunk: ChunkFacts, settings: RunSettings, died: Collection[str] = ()
) -> Iterator[Outcome]:
    """The outcome of every invoicer, one after the other. Those that `died` names ended the
    process that billed them, again and again: they are not tried and fail (design decision 20).
    """
    for failure in chunk.unknown:
        yield Outcome(None, None, failure, [])
    if settings.account is not None and not chunk.unknown and not _holds(chunk, settings.account):
        yield Outcome(None, None, _gone(settings.account), [])
        return
    for facts in chunk.invoicers:
        unreadable = chunk.unreadable.get(facts.row.state.number)
        if unreadable is not None:
            yield Outcome(facts, None, unreadable, list(_stays_due(facts, settings)))
            continue
        if facts.row.state.number in died:
            yield _failed(facts, settings, _died(facts))
            continue
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
