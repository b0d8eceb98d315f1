"""Give an account a package and change what it holds (R10-R13)."""

from collections.abc import Sequence
from datetime import date

from aggregates import identity
from aggregates.account import AccountState
from aggregates.account_package import lifecycle
from aggregates.account_package.guards import is_billed
from aggregates.account_package.state import AccountPackageState
from aggregates.account_rules import check_closed, check_open, unknown_account
from aggregates.event import Event
from aggregates.identity import StreamId
from aggregates.money import parse_amount
from aggregates.names import check_name
from aggregates.owner import digits_of
from aggregates.package import PackageState
from aggregates.proration import price_at
from aggregates.refusal import Refusal
from commands.setup.entry import Amount, Day, Done, Entry, came_of
from commands.setup.package import find_package
from commands.workspace import Workspace

KIND = "account_package"


class SetAccountPackage(Entry):
    """One package held by one account. `price` is its own, instead of the catalogue's."""

    id: str
    package: str = ""
    effective: Day | None = None
    cancel: Day | None = None
    price: Amount | None = None
    billed_to: Day | None = None
    bill_day: int | None = None
    prices_from: Day | None = None


def set_account_package(workspace: Workspace, number: str, entry: SetAccountPackage) -> Done:
    """Puts a package on an account. What is fixed once it is there is refused when it differs."""
    account_id = identity.account(number)
    account: AccountState | None = workspace.find("account", account_id)
    if account is None:
        raise unknown_account(number)
    held = workspace.package_by_ref(entry.id)
    if held is None:
        workspace.add_package(account_id, entry.id, _added(workspace, account, entry))
        return "created"
    stream, state = held
    if state.account != number:
        raise Refusal(
            "duplicate_name",
            f"account-package {entry.id!r} belongs to account {state.account}: choose another id",
            account_package=entry.id,
            field="id",
        )
    changed = bool(_changed(workspace, account, stream, state, entry))
    return came_of(False, changed)


def _added(workspace: Workspace, account: AccountState, entry: SetAccountPackage) -> list[Event]:
    check_name(entry.id, "id of an account-package")
    entry.need(f"account-package {entry.id!r}", "package", "effective")
    if entry.effective is None:
        raise Refusal("missing_key", f"{entry.id!r} needs `effective`", field="effective")
    check_open(account)
    return lifecycle.add(
        ref=entry.id,
        account=account.number,
        currency=account.currency,
        account_bill_day=account.bill_day,
        package=find_package(workspace, entry.package),
        effective=entry.effective,
        today=workspace.today(),
        billed_to=entry.billed_to,
        own_bill_day=entry.bill_day,
        cancel=entry.cancel,
        price=_amount(workspace, account, entry.price),
    )


def _changed(
    workspace: Workspace,
    account: AccountState,
    stream: StreamId,
    state: AccountPackageState,
    entry: SetAccountPackage,
) -> list[Event]:
    if entry.given("package") and entry.package != state.package:
        raise Refusal(
            "cannot_change",
            f"account-package {entry.id} is package {state.package} and stays so: cancel it and "
            "add another",
            field="package",
            account_package=entry.id,
        )
    package = find_package(workspace, state.package)
    today = workspace.today()
    effective = entry.kept("effective", state.effective) or state.effective
    done = _stage(
        workspace,
        stream,
        lifecycle.reschedule(
            state,
            package,
            account_bill_day=account.bill_day,
            effective=effective,
            billed_to=entry.kept("billed_to", state.billed_to),
            own_bill_day=entry.kept("bill_day", state.own_bill_day),
            today=today,
        ),
    )
    if entry.given("cancel"):
        state = workspace.get(KIND, stream)
        done += _stage(workspace, stream, lifecycle.set_cancel(state, package, entry.cancel, today))
    if entry.given("price"):
        state = workspace.get(KIND, stream)
        price = _amount(workspace, account, entry.price)
        done += _stage(workspace, stream, _priced(state, package, price, entry.prices_from, today))
    if done:
        _keep_closed_true(workspace, account)
    return done


def _priced(
    state: AccountPackageState,
    package: PackageState,
    price: int | None,
    holds_from: date | None,
    today: date,
) -> list[Event]:
    """The own price as it is to be: the first one, before anything was billed, for all days; a
    changed or removed one from the date given, else from today.
    """
    own = tuple((p.holds_from or date.min, p.amount) for p in state.terms.prices)
    day = holds_from or today
    if not own and not is_billed(state):
        return lifecycle.set_price(state, package, price, None)
    if own and own[0][0] <= day and price_at(own, day) == price:
        return []
    return lifecycle.set_price(state, package, price, day)


def cancel(workspace: Workspace, ref: str, as_of: date) -> None:
    """Ends an account-package as of a date, which is not charged any more."""
    stream, state, package = held_package(workspace, ref)
    today = workspace.today()
    _stage(workspace, stream, lifecycle.set_cancel(state, package, as_of, today))


def suspend(workspace: Workspace, ref: str, start: date, until: date | None) -> None:
    """Days from `start` are not charged; `until` is the first one charged again."""
    stream, state, _ = held_package(workspace, ref)
    _stage(workspace, stream, lifecycle.suspend(state, start, until))


def resume(workspace: Workspace, ref: str, as_of: date) -> None:
    """Days from `as_of` are charged again."""
    stream, state, _ = held_package(workspace, ref)
    _stage(workspace, stream, lifecycle.resume(state, as_of))


def set_price(workspace: Workspace, ref: str, price: str | None, as_of: date) -> None:
    """Its own price from a date on; None: the catalogue's again."""
    stream, state, package = held_package(workspace, ref)
    account = workspace.account(state.account)
    if account is None:
        raise unknown_account(state.account)
    amount = _amount(workspace, account, price)
    _stage(workspace, stream, lifecycle.set_price(state, package, amount, as_of))


def held_package(
    workspace: Workspace, ref: str
) -> tuple[StreamId, AccountPackageState, PackageState]:
    """An account-package by its id, with its package; refused when there is none."""
    found = workspace.package_by_ref(ref)
    if found is None:
        raise Refusal(
            "account_package_unknown",
            f"there is no account-package {ref!r}: `billstream account-package list` shows them",
            account_package=ref,
        )
    stream, state = found
    return stream, state, find_package(workspace, state.package)


def keep_closed_true(workspace: Workspace, number: str) -> None:
    """Checks R32 when the command is done: a closed account has nothing left to bill."""

    def check() -> None:
        account = workspace.account(number)
        if account is None or account.status != "closed":
            return
        account_id = identity.account(number)
        held = workspace.packages_of(account_id)
        workspace.relies_on("contract.signed")
        for _, contract in workspace.items_of("contract", account_id):
            raise Refusal(
                "account_still_billed",
                f"account {number} cannot be closed: its contract {contract.ref} goes on; "
                "terminate it and let a run settle it first",
                account=number,
                contract=contract.ref,
            )
        receivables = workspace.receivables_of(account_id)
        check_closed(
            account,
            next_bills=[(s.ref, s.next_bill_date) for _, s in held if s.next_bill_date],
            waiting=len(receivables.waiting) if receivables else 0,
        )

    workspace.later(("closed", number), check)


def _keep_closed_true(workspace: Workspace, account: AccountState) -> None:
    if account.status == "closed":
        keep_closed_true(workspace, account.number)


def _stage(workspace: Workspace, stream: StreamId, events: Sequence[Event]) -> list[Event]:
    workspace.stage(KIND, stream, events)
    return list(events)


def _amount(workspace: Workspace, account: AccountState, written: str | None) -> int | None:
    if written is None:
        return None
    return parse_amount(written, digits_of(workspace.owner(), account.currency))
