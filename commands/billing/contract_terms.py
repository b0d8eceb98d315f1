"""Stage 4: contract terms (R31): commit periods close with what was charged in them, early ends
cost, terms renew or end, prices rise on anniversaries.

What any run charged counts, whether or not its contract terms are on: what was charged is a fact of
history (`aggregates.counting`). A suspended account's contracts wait, as its packages do (R32).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from aggregates import commitments, counted_by_runs, identity
from aggregates.account_package.events import Charge
from aggregates.account_package.lifecycle import set_price
from aggregates.account_package.pricing import price_on
from aggregates.account_package.state import AccountPackageState
from aggregates.contract import (
    CommitPeriodClosed,
    ContractEvent,
    ContractState,
    Escalated,
    PriceEscalated,
    TerminationCharged,
)
from aggregates.contract_rules import no_escalation
from aggregates.counting import COUNTING, Charges, Line, covers
from aggregates.days import day_after
from aggregates.execution import COUNTED_AT_CLOSE
from aggregates.identity import StreamId
from aggregates.package import PackageState
from aggregates.receivables import Waiting
from commands.billing.draft import CannotBill, Draft, NewCharge
from commands.billing.facts import AccountFacts
from commands.billing.packages import is_charged
from commands.billing.settings import RunSettings
from commands.store import ItemRow, PackageRow

KIND = "contract"

Own = Mapping[StreamId, Sequence[NewCharge]]
"""What this run charged, by account."""


def contract_terms(draft: Draft, settings: RunSettings) -> None:
    """Does what the contracts of the accounts the run is for have come to."""
    closes = any(account.charges for account in draft.facts.accounts)
    own = _by_account(draft.charges if closes else ())
    for account in draft.facts.accounts:
        rows = account.items.get(KIND)
        if rows and does_terms(draft, settings, account):
            for row in rows:
                _execute(draft, settings, account, row, own)


def does_terms(draft: Draft, settings: RunSettings, account: AccountFacts) -> bool:
    """The run does the terms of the account's contracts."""
    if "contract_terms" not in settings.actions or not is_charged(account, draft, settings):
        return False
    row = account.row
    return bool(draft.state_of("account", row.stream, row.state).status == "active")


def _by_account(charges: Iterable[NewCharge]) -> Own:
    found: dict[StreamId, list[NewCharge]] = {}
    for new in charges:
        found.setdefault(new.account.row.stream, []).append(new)
    return found


def _execute(
    draft: Draft, settings: RunSettings, account: AccountFacts, row: ItemRow, own: Own
) -> None:
    state: ContractState = draft.state_of(KIND, row.stream, row.state)
    steps, after = _steps(draft, settings, account, row, own)
    if steps:
        events = [_charged(draft, settings, account, state, step) for step in steps]
        draft.stage(KIND, row.stream, row.version, row.state, events, after)
        state = after
    for day in commitments.anniversaries(state, settings.period_end):
        raised = _raise_prices(draft, settings, account, state, day)
        if raised is None:
            return
        draft.stage(KIND, row.stream, row.version, row.state, [raised])


def _steps(
    draft: Draft, settings: RunSettings, account: AccountFacts, row: ItemRow, own: Own
) -> tuple[list[ContractEvent], ContractState]:
    """What has come. A commit period closes with what history holds of it and this run charged."""
    state: ContractState = draft.state_of(KIND, row.stream, row.state)
    end, rounding, execution = settings.period_end, settings.owner.rounding, settings.execution
    charges = account.charges.get(row.stream)
    if settings.form < COUNTED_AT_CLOSE:
        counted, joined = draft.counted.get(row.stream, ()), settings.form >= 1
        return counted_by_runs.due_steps(
            state, counted, charges, end, rounding, execution, joined=joined
        )
    if charges is not None:
        lines = [*charges.lines, *_under(state, own.get(account.row.stream, ()))]
        charges = Charges(lines, charges.read_at)
    return commitments.due_steps(state, charges, end, rounding, execution)


def _under(state: ContractState, charges: Iterable[NewCharge]) -> Iterator[Line]:
    """What this run charged under the contract."""
    for new in charges:
        ref, charge = new.waiting.account_package, new.charge
        if charge.kind in COUNTING and covers(state, ref):
            yield Line(ref, new.waiting.bill_date, charge.amount)


def _charged(
    draft: Draft,
    settings: RunSettings,
    account: AccountFacts,
    state: ContractState,
    step: ContractEvent,
) -> ContractEvent:
    """The step with the id of its fee, which becomes a charge of this run."""
    match step:
        case CommitPeriodClosed():
            label = state.terms.commitment
            if label is None or not step.shortfall:
                return step
            charge = Charge(
                service=label.service,
                name=label.name,
                kind="fee",
                start=step.start,
                end=step.end,
                days=step.days,
                full_days=step.full_days,
                amount=step.shortfall,
                gl_code=label.gl_code,
            )
            why = f"contract {state.ref}: {step.start} to {step.end}"
            fee = _add_fee(draft, settings, account, charge, step.end, why)
            return replace(step, transaction=fee)
        case TerminationCharged():
            ending = state.terms.termination
            if ending is None or not step.amount:
                return step
            charge = Charge(
                service=ending.service,
                name=ending.name,
                kind="fee",
                start=step.as_of,
                end=day_after(step.as_of),
                days=1,
                full_days=1,
                amount=step.amount,
                gl_code=ending.gl_code,
            )
            why = f"contract {state.ref}: ended early as of {step.as_of}"
            fee = _add_fee(draft, settings, account, charge, step.as_of, why)
            return replace(step, transaction=fee)
        case _:
            return step


def _add_fee(
    draft: Draft,
    settings: RunSettings,
    account: AccountFacts,
    charge: Charge,
    day: date,
    description: str,
) -> str:
    """A fee as a charge of this run, dated on the day it fell due; its transaction's id, named by
    the contract and what the fee is for.
    """
    cause = f"{charge.service}\x1f{description}"
    transaction = identity.text(identity.fee(account.row.stream, cause))
    waiting = Waiting(
        account_package="",
        package="",
        bill_date=day,
        execution=settings.execution,
        charge=charge,
        transaction=transaction,
        description=description,
    )
    draft.charges.append(NewCharge(account, None, waiting))
    return transaction


def _raise_prices(
    draft: Draft, settings: RunSettings, account: AccountFacts, state: ContractState, day: date
) -> PriceEscalated | None:
    """The price in force on the anniversary, of every account-package under the contract that is
    still billed. None while the run does not know a package yet: a later run does it then.
    """
    raised: list[Escalated] = []
    for row in account.held:
        held, version = _as_billed(draft, row)
        if held.next_bill_date is None or not covers(state, held.ref):
            continue
        package = settings.packages.get(held.package)
        if package is None:
            return None
        found = _raise(draft, settings, row, held, version, package, state, day)
        if found is not None:
            raised.append(found)
    return PriceEscalated(execution=settings.execution, on=day, packages=tuple(raised))


def _raise(
    draft: Draft,
    settings: RunSettings,
    row: PackageRow,
    held: AccountPackageState,
    version: int,
    package: PackageState,
    state: ContractState,
    day: date,
) -> Escalated | None:
    before = price_on(held, package, day)
    if before is None:
        return None
    if len(package.services) > 1:
        raise CannotBill(held.account, held.ref, no_escalation(state.ref, held.ref))
    after = commitments.escalated(before, state, settings.owner.rounding)
    events = set_price(held, package, after, day)
    if events:
        draft.stage("account_package", row.stream, version, held, events)
    return Escalated(account_package=held.ref, before=before, after=after)


def _as_billed(draft: Draft, row: PackageRow) -> tuple[AccountPackageState, int]:
    """An account-package with what this run has done to it, and its version without what is
    staged.
    """
    charged = draft.billed.get(row.stream)
    if charged is None:
        return draft.state_of("account_package", row.stream, row.state), row.version
    cycles = charged.billing.cycles
    after: AccountPackageState = cycles[-1].state
    return draft.state_of("account_package", row.stream, after), row.version + len(cycles)
