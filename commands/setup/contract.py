"""Sign a contract, change it, give notice of it, end it early (R31)."""

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel, ConfigDict

from aggregates import contract_rules, counted_by_runs, identity
from aggregates.account import AccountState
from aggregates.account_package.events import PackageBilled
from aggregates.account_rules import check_open, unknown_account
from aggregates.contract import (
    Commitment,
    ContractCounted,
    ContractState,
    ContractTerms,
    Escalator,
    Termination,
)
from aggregates.counting import amount_counted, basis_by_history, covers
from aggregates.identity import StreamId
from aggregates.money import parse_amount
from aggregates.owner import digits_of
from aggregates.refusal import Refusal
from commands.contract_charges import has_counted
from commands.setup.entry import Amount, Day, Done, Entry, Percent, came_of
from commands.setup.package import find_package
from commands.workspace import Workspace

KIND = "contract"


class Part(BaseModel):
    """A part of a contract; the label of its line and the code it posts to."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    service: str | None = None
    name: str | None = None
    gl_code: str | None = None


class SetCommitment(Part):
    amount: Amount
    per: str = "monthly"


class SetTermination(Part):
    amount: Amount | None = None
    percent: Percent | None = None


class SetEscalator(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    percent: Percent
    every: str = "annual"


class SetContract(Entry):
    """A contract of an account. `packages` are the account-packages under it, all by default."""

    id: str
    account: str = ""
    start: Day | None = None
    term: str = ""
    renewal: str | None = None
    notice_days: int | None = None
    commitment: SetCommitment | None = None
    termination: SetTermination | None = None
    escalator: SetEscalator | None = None
    packages: list[str] | None = None


def set_contract(workspace: Workspace, entry: SetContract) -> Done:
    """Puts a contract. Once a run has acted on it only its renewal and notice can change."""
    found = contract_by_ref(workspace, entry.id)
    if found is None:
        entry.need(f"contract {entry.id!r}", "account", "start", "term")
        if entry.start is None:
            raise Refusal("missing_key", f"contract {entry.id!r} needs `start`", field="start")
        account = _account(workspace, entry.account)
        check_open(account)
        stream = identity.contract(identity.account(account.number), entry.id)
        terms = _terms(workspace, entry, account.currency, ContractTerms(term=entry.term))
        events = contract_rules.sign(
            ref=entry.id,
            account=account.number,
            currency=account.currency,
            bill_day=account.bill_day,
            start=entry.start,
            terms=terms,
        )
    else:
        stream, state = found
        if entry.given("account") and entry.account != state.account:
            raise Refusal(
                "cannot_change",
                f"contract {entry.id} is that of account {state.account} and stays so: terminate "
                "it and sign another",
                field="account",
                contract=entry.id,
            )
        terms = _terms(workspace, entry, state.currency, state.terms)
        start = entry.kept("start", state.start) or state.start
        counted = contract_rules.changes_fixed(state, start, terms) and _has_counted(
            workspace, stream, state
        )
        events = contract_rules.amend(state, start=start, terms=terms, counted=counted)
    workspace.stage(KIND, stream, events)
    if events:
        workspace.later((KIND, entry.id), lambda: _check_packages(workspace, stream))
    return came_of(found is None, bool(events))


def terminate(workspace: Workspace, ref: str, as_of: date) -> None:
    """Ends a contract early; what that costs is charged by the next run that does its terms."""
    stream, state = _existing(workspace, ref)
    workspace.stage(KIND, stream, contract_rules.terminate(state, as_of, workspace.today()))


def give_notice(workspace: Workspace, ref: str) -> None:
    """The contract is not to be renewed beyond the term its notice still reaches."""
    stream, state = _existing(workspace, ref)
    workspace.stage(KIND, stream, contract_rules.give_notice(state, workspace.today()))


def _has_counted(workspace: Workspace, stream: StreamId, state: ContractState) -> bool:
    """Something was charged that counts toward the contract. The decision relies on nothing being
    charged meanwhile.
    """
    workspace.packages_of(identity.account(state.account))
    rows = workspace.reading.items_at_work(KIND, state.ref)
    return any(has_counted(workspace.reading, row) for row in rows if row.stream == stream)


def uncount(
    workspace: Workspace, account: StreamId, ref: str, billed: Iterable[PackageBilled]
) -> None:
    """Charges of an account-package were taken back by a void or a reversal (R21, R22). History
    says so and they count toward no commitment any more; but where executions of an older form
    wrote down that they do, it is written down that they do not. A commit period that is closed
    stays closed.
    """
    cycles = list(billed)
    for stream, state in workspace.items_of(KIND, account):
        if not state.counted or not covers(state, ref):
            continue
        history = [(recorded.position, recorded.event) for recorded in workspace.history(stream)]
        counted_by = basis_by_history(history).counted_by
        lines = [
            (cycle.bill_date, -amount)
            for cycle in cycles
            if cycle.execution in counted_by
            for amount in [amount_counted(cycle)]
            if amount is not None
        ]
        counted = counted_by_runs.count(state, lines)
        if counted:
            workspace.stage(KIND, stream, [ContractCounted(counted=counted)])


def contract_by_ref(workspace: Workspace, ref: str) -> tuple[StreamId, ContractState] | None:
    """A contract by its id, ended ones included; when there is none, the decision relies on it."""
    rows = workspace.reading.items_at_work(KIND, ref, limit=1)
    if not rows:
        workspace.relies_on("contract.signed")
        return None
    state: ContractState = workspace.get(KIND, rows[0].stream)
    return rows[0].stream, state


def _existing(workspace: Workspace, ref: str) -> tuple[StreamId, ContractState]:
    found = contract_by_ref(workspace, ref)
    if found is None:
        raise Refusal(
            "contract_unknown",
            f"there is no contract {ref!r}: see `billstream contract list`",
            contract=ref,
        )
    return found


def _account(workspace: Workspace, number: str) -> AccountState:
    account = workspace.account(number)
    if account is None:
        raise unknown_account(number)
    return account


def _check_packages(workspace: Workspace, stream: StreamId) -> None:
    """What a contract names is held by its account, and an escalator can raise its price."""
    state: ContractState = workspace.get(KIND, stream)
    held = {h.ref: h for _, h in workspace.packages_of(identity.account(state.account))}
    contract_rules.check_packages(state.ref, state.terms, held.keys())
    if state.terms.escalator is None:
        return
    for ref in state.terms.packages or held:
        if len(find_package(workspace, held[ref].package).services) > 1:
            raise contract_rules.no_escalation(state.ref, ref)


def _terms(
    workspace: Workspace, entry: SetContract, currency: str, now: ContractTerms
) -> ContractTerms:
    """What is given over what there is; what is removed is the default again."""
    digits = digits_of(workspace.owner(), currency)
    commitment, termination = now.commitment, now.termination
    if entry.given("commitment"):
        commitment = _commitment(entry.commitment, digits)
    if entry.given("termination"):
        termination = _termination(entry.termination, digits)
    escalator = now.escalator
    if entry.given("escalator"):
        wanted = entry.escalator
        escalator = Escalator(percent=wanted.percent, every=wanted.every) if wanted else None
    return ContractTerms(
        term=entry.kept("term", now.term),
        renewal=(entry.renewal or "none") if entry.given("renewal") else now.renewal,
        notice_days=(entry.notice_days or 0) if entry.given("notice_days") else now.notice_days,
        commitment=commitment,
        termination=termination,
        escalator=escalator,
        packages=tuple(dict.fromkeys(entry.kept("packages", list(now.packages)) or ())),
    )


def _commitment(entry: SetCommitment | None, digits: int) -> Commitment | None:
    if entry is None:
        return None
    amount = parse_amount(entry.amount, digits)
    plain = Commitment(amount=amount)
    return Commitment(
        amount=amount,
        per=entry.per,
        service=entry.service or plain.service,
        name=entry.name or plain.name,
        gl_code=entry.gl_code,
    )


def _termination(entry: SetTermination | None, digits: int) -> Termination | None:
    if entry is None:
        return None
    plain = Termination()
    return Termination(
        amount=None if entry.amount is None else parse_amount(entry.amount, digits),
        percent=entry.percent,
        service=entry.service or plain.service,
        name=entry.name or plain.name,
        gl_code=entry.gl_code,
    )
