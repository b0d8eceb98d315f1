"""Open an account, change it, forget its person, delete it (R10, R15, R32)."""

from collections.abc import Sequence
from functools import partial

from pydantic import Field

from aggregates import account_rules, identity
from aggregates.account import (
    AccountEvent,
    AccountRenamed,
    AccountState,
    BillDayChanged,
    BillGroupOfAccountChanged,
    MemberJoined,
    MemberLeft,
)
from aggregates.account_package import lifecycle
from aggregates.account_package.guards import is_billed
from aggregates.account_rules import unknown_account
from aggregates.bill_group import check_bill_day
from aggregates.identity import StreamId
from aggregates.names import check_name
from aggregates.owner import digits_of
from aggregates.refusal import Refusal
from commands.setup.account_package import SetAccountPackage, keep_closed_true
from commands.setup.ar_term import check_fees, find_ar_term
from commands.setup.bill_group import find_bill_group
from commands.setup.bill_run import open_schedules
from commands.setup.entry import Done, Entry, came_of
from commands.setup.package import find_package
from commands.setup.payment_method import SetPaymentMethod
from commands.store import Absence
from commands.workspace import Workspace

KIND = "account"


class SetAccount(Entry):
    """A customer. `invoicer` is `self`, `parent` or an account number."""

    number: str
    name: str = ""
    currency: str = ""
    parent: str | None = None
    invoicer: str | None = None
    bill_group: str = ""
    bill_day: int | None = None
    status: str | None = None
    ar_term: str | None = None
    payment_methods: list[SetPaymentMethod] = Field(default_factory=list[SetPaymentMethod])
    packages: list[SetAccountPackage] = Field(default_factory=list[SetAccountPackage])


def set_account(workspace: Workspace, entry: SetAccount) -> Done:
    """Puts an account without its packages. Tree, family and status are checked when the command
    is done, so that entries may come in any order.
    """
    stream = identity.account(entry.number)
    state: AccountState | None = workspace.find(KIND, stream)
    if entry.given("currency"):
        digits_of(workspace.owner(), entry.currency)
    if entry.bill_day is not None:
        check_bill_day(entry.bill_day)
    ar_term = _ar_term_of(workspace, entry, state)
    if ar_term is not None:
        find_ar_term(workspace, ar_term)
        workspace.later((KIND, "ar_term", entry.number), partial(_check_term, workspace, entry))
    events = (
        _opened(workspace, stream, entry, ar_term)
        if state is None
        else _changed(workspace, stream, state, entry)
    )
    if not events:
        return "unchanged"
    after: AccountState = workspace.stage(KIND, stream, events)
    before = state.invoicer if state is not None else entry.number
    if after.invoicer != before:
        _move_family(workspace, entry.number, before, after.invoicer)
    if state is not None:
        _carry_over(workspace, stream, after, events)
    _check_later(workspace, after)
    return came_of(state is None, True)


def _ar_term_of(workspace: Workspace, entry: SetAccount, state: AccountState | None) -> str | None:
    """The AR term that the entry gives: a new account that names none gets the owner's."""
    if state is None and not entry.given("ar_term"):
        return workspace.owner().ar_term
    return entry.ar_term


def _opened(
    workspace: Workspace, stream: StreamId, entry: SetAccount, ar_term: str | None
) -> Sequence[AccountEvent]:
    entry.need(f"account {entry.number!r}", "name", "currency", "bill_group")
    check_name(entry.name, "name of an account", personal=True)
    check_name(entry.number, "number of an account")
    group = find_bill_group(workspace, entry.bill_group)
    invoicer = invoicer_of(entry, None)
    paid_by = workspace.account(invoicer) if invoicer != entry.number else None
    today = workspace.today()
    return account_rules.open_account(
        number=entry.number,
        name=workspace.conceal(stream, entry.name),
        currency=entry.currency,
        bill_group=entry.bill_group,
        bill_day=account_rules.resolve_bill_day(
            entry.bill_day,
            paid_by.bill_day if paid_by else None,
            group.settings.bill_day,
            today,
        ),
        invoicer=invoicer,
        opened_on=today,
        parent=entry.parent,
        status=entry.status or "active",
        ar_term=ar_term,
    )


def _changed(
    workspace: Workspace, stream: StreamId, state: AccountState, entry: SetAccount
) -> Sequence[AccountEvent]:
    events: list[AccountEvent] = []
    if entry.given("name") and not _is_named(workspace, stream, state, entry.name):
        account_rules.check_can_be_named(state)
        check_name(entry.name, "name of an account", personal=True)
        events.append(AccountRenamed(name=workspace.conceal(stream, entry.name)))
    if entry.given("currency") and entry.currency != state.currency:
        events += account_rules.change_currency(
            state, entry.currency, used=_is_used(workspace, stream)
        )
    if entry.given("bill_group"):
        find_bill_group(workspace, entry.bill_group)
    events += account_rules.change(
        state,
        parent=entry.kept("parent", state.parent),
        invoicer=invoicer_of(entry, state),
        bill_group=entry.kept("bill_group", state.bill_group),
        bill_day=entry.bill_day or state.bill_day,
        status=(entry.status or "active") if entry.given("status") else None,
        ar_term=entry.kept("ar_term", state.ar_term),
        today=workspace.today(),
    )
    return events


def invoicer_of(entry: SetAccount, state: AccountState | None) -> str:
    """The number of the account that is to receive the invoice."""
    if not entry.given("invoicer"):
        return state.invoicer if state is not None else entry.number
    if entry.invoicer is None or entry.invoicer == "self":
        return entry.number
    if entry.invoicer != "parent":
        return entry.invoicer
    parent = entry.kept("parent", state.parent if state is not None else None)
    if parent is None:
        raise Refusal(
            "no_parent",
            f"account {entry.number} has no parent to be invoiced to: name its `parent` or write "
            "`invoicer: self`",
            field="invoicer",
            account=entry.number,
        )
    return parent


def _is_named(workspace: Workspace, stream: StreamId, state: AccountState, name: str) -> bool:
    return not state.erased and workspace.reveal(stream, state.name) == name


def _is_used(workspace: Workspace, stream: StreamId) -> bool:
    if workspace.packages_of(stream) or workspace.items_of("contract", stream, only_open=False):
        return True
    return workspace.receivables_of(stream) is not None or _has_paid(workspace, stream)


def _has_paid(workspace: Workspace, stream: StreamId) -> bool:
    """Whether the account was ever asked for money, or gave some."""
    workspace.alone_with(stream, "payment.requested", "payment.recorded")
    return bool(workspace.items_of("payment", stream, only_open=False))


def _move_family(workspace: Workspace, number: str, before: str, after: str) -> None:
    """Tells the invoicers: the version of an invoicer is its family's token (decision 8)."""
    if before != number and workspace.account(before) is not None:
        workspace.stage(KIND, identity.account(before), [MemberLeft(member=number)])
    if after == number:
        return
    if workspace.account(after) is not None:
        workspace.stage(KIND, identity.account(after), [MemberJoined(member=number)])
        workspace.later((KIND, "family", after), lambda: _check_family(workspace, after))
        return
    workspace.later((KIND, "joins", number), lambda: _join_late(workspace, number, after))


def _join_late(workspace: Workspace, number: str, invoicer: str) -> None:
    """The invoicer was not there yet: an entry further down may have opened it."""
    if workspace.account(invoicer) is None:
        raise unknown_account(invoicer)
    workspace.stage(KIND, identity.account(invoicer), [MemberJoined(member=number)])


def _carry_over(
    workspace: Workspace, stream: StreamId, after: AccountState, events: Sequence[AccountEvent]
) -> None:
    """A new bill group or bill day of an invoicer is that of all its members (R15), and a new bill
    day moves the account's packages (R10).
    """
    moved = [e for e in events if isinstance(e, BillDayChanged | BillGroupOfAccountChanged)]
    if not moved:
        return
    _move_packages(workspace, stream, moved)
    if not after.members or after.invoicer != after.number:
        return
    members = workspace.members_of(stream)
    if any(isinstance(event, BillDayChanged) for event in moved):
        workspace.prefetch_packages_of(member for member, _ in members)
    for member, state in members:
        theirs = [event for event in moved if not _has(state, event)]
        if theirs:
            workspace.stage(KIND, member, theirs)
            _move_packages(workspace, member, theirs)


def _has(state: AccountState, event: BillDayChanged | BillGroupOfAccountChanged) -> bool:
    if isinstance(event, BillDayChanged):
        return state.bill_day == event.bill_day
    return state.bill_group == event.bill_group


def _move_packages(
    workspace: Workspace,
    account: StreamId,
    moved: Sequence[BillDayChanged | BillGroupOfAccountChanged],
) -> None:
    for event in moved:
        if not isinstance(event, BillDayChanged):
            continue
        for stream, held in workspace.packages_of(account):
            package = find_package(workspace, held.package)
            changes = lifecycle.change_bill_day(held, package, event.bill_day, event.holds_from)
            workspace.stage("account_package", stream, changes)


def _check_later(workspace: Workspace, after: AccountState) -> None:
    number = after.number
    if after.parent is not None:
        workspace.later((KIND, "tree", number), lambda: _check_tree(workspace, number))
    if after.invoicer != number or after.members:
        workspace.later((KIND, "family", number), lambda: _check_family(workspace, number))
    if after.status == "closed":
        keep_closed_true(workspace, number)


def _check_tree(workspace: Workspace, number: str) -> None:
    account = workspace.account(number)
    if account is not None:
        account_rules.check_tree(account, workspace.account, workspace.rooted)


def _check_family(workspace: Workspace, number: str) -> None:
    account = workspace.account(number)
    if account is not None:
        account_rules.check_family(account, workspace.account)


def _check_term(workspace: Workspace, entry: SetAccount) -> None:
    """The AR term has a late fee in the account's currency wherever it has one."""
    account = workspace.account(entry.number)
    if account is not None and account.ar_term is not None:
        check_fees(find_ar_term(workspace, account.ar_term), account.currency)


def erase_account(workspace: Workspace, number: str) -> None:
    """Destroys the key of the account's personal data: its name can never be read again."""
    stream, state = _existing(workspace, number)
    events = account_rules.erase(state)
    if events:
        workspace.stage(KIND, stream, events)
        workspace.destroy_key(stream)


def delete_account(workspace: Workspace, number: str) -> None:
    """Takes an account away on which nothing depends, with its packages never billed (R1)."""
    stream, state = _existing(workspace, number)
    held = workspace.packages_of(stream)
    workspace.relies_on("contract.signed")
    for _, contract in workspace.items_of("contract", stream, only_open=False):
        raise Refusal(
            "in_use",
            f"account {number} has signed contract {contract.ref}: it cannot be deleted; close it",
            account=number,
            contract=contract.ref,
        )
    child = None
    if not workspace.absent(Absence(KIND, "parent", number)):
        child = next(row.state.number for row in workspace.reading.children_of(number))
    workspace.absent(Absence(KIND, "invoicer", stream))
    groups = workspace.all_of("bill_group")
    events = account_rules.delete(
        state,
        child=child,
        billed=next((package.ref for _, package in held if is_billed(package)), None),
        waited=workspace.receivables_of(stream) is not None,
        paid=_has_paid(workspace, stream),
        excluded_in=next((g.name for g in groups if number in g.settings.exclude), None),
        scheduled=any(schedule.account == number for schedule in open_schedules(workspace)),
    )
    for package, held_state in held:
        workspace.stage("account_package", package, lifecycle.remove(held_state))
    if state.invoicer != number:
        invoicer = identity.account(state.invoicer)
        workspace.stage(KIND, invoicer, [MemberLeft(member=number)])
    workspace.stage(KIND, stream, events)


def _existing(workspace: Workspace, number: str) -> tuple[StreamId, AccountState]:
    state = workspace.account(number)
    if state is None:
        raise unknown_account(number)
    return identity.account(number), state
