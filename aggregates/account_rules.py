"""What may be done to an account: its tree, its family, its status (R10, R15, R32).

A family is an invoicer and the accounts it receives invoices for. Its rules are about how things
stand when a command is done, whatever the order of its changes; `check_*` look at that.
"""

from collections.abc import Callable, Iterable
from datetime import date

from aggregates.account import (
    AccountCurrencyChanged,
    AccountDeleted,
    AccountErased,
    AccountEvent,
    AccountMoved,
    AccountOpened,
    AccountState,
    AccountStatusChanged,
    ArTermOfAccountChanged,
    BillDayChanged,
    BillGroupOfAccountChanged,
    InvoicerChanged,
)
from aggregates.bill_group import check_bill_day
from aggregates.names import check_name
from aggregates.refusal import Refusal

STATUSES = ("active", "suspended", "closed")
RESERVED = ("self", "parent")
"""Words that say who receives the invoice; no account has such a number."""

Lookup = Callable[[str], AccountState | None]
"""An account by its number, None when there is no such account."""


def resolve_bill_day(own: int | None, invoicer: int | None, group: int | None, today: date) -> int:
    """The bill day of a new account: its own, else its invoicer's, else the group's, else the day
    of creation (R10).
    """
    return own or invoicer or group or today.day


def open_account(
    *,
    number: str,
    name: str,
    currency: str,
    bill_group: str,
    bill_day: int,
    invoicer: str,
    opened_on: date,
    parent: str | None = None,
    status: str = "active",
    ar_term: str | None = None,
) -> list[AccountEvent]:
    """A new account. `name` is ciphertext already."""
    check_name(number, "number of an account")
    if number in RESERVED:
        raise Refusal(
            "name_reserved",
            f"`{number}` says who receives an invoice: choose another account number",
            account=number,
        )
    check_bill_day(bill_day)
    _check_status(status)
    return [
        AccountOpened(
            number=number,
            name=name,
            currency=currency,
            bill_group=bill_group,
            bill_day=bill_day,
            invoicer=invoicer,
            opened_on=opened_on,
            parent=parent,
            status=status,
            ar_term=ar_term,
        )
    ]


def change(
    state: AccountState,
    *,
    parent: str | None,
    invoicer: str,
    bill_group: str,
    bill_day: int,
    status: str | None,
    ar_term: str | None,
    today: date,
) -> list[AccountEvent]:
    """The account as it is to be, but for its name and currency. A new bill day holds from today
    (R10). A status of None stays; one that a person gives is that person's from now on, also where
    dunning had set the same (R24).
    """
    check_bill_day(bill_day)
    if status is not None:
        _check_status(status)
    events: list[AccountEvent] = []
    if parent != state.parent:
        events.append(AccountMoved(parent=parent))
    if invoicer != state.invoicer:
        events.append(InvoicerChanged(invoicer=invoicer, previous=state.invoicer))
    if bill_group != state.bill_group:
        events.append(BillGroupOfAccountChanged(bill_group=bill_group))
    if bill_day != state.bill_day:
        events.append(BillDayChanged(bill_day=bill_day, holds_from=today))
    if status is not None and (status != state.status or state.status_by):
        events.append(AccountStatusChanged(status=status))
    if ar_term != state.ar_term:
        events.append(ArTermOfAccountChanged(ar_term=ar_term))
    return events


def change_currency(state: AccountState, currency: str, *, used: bool) -> list[AccountEvent]:
    """Another currency, while the account has neither package nor transaction (R15). `used`: it
    has one, or has received invoices for others.
    """
    if currency == state.currency:
        return []
    if used or state.had_members:
        raise Refusal(
            "cannot_change",
            f"the currency of account {state.number} is {state.currency} and cannot change, for it "
            "has packages or transactions: open another account",
            field="currency",
            account=state.number,
        )
    return [AccountCurrencyChanged(currency=currency)]


def check_tree(account: AccountState, lookup: Lookup, sound: set[str]) -> None:
    """No account is its own ancestor; every parent exists. `sound` are accounts whose ancestors
    were looked at before; those looked at now are added to it.
    """
    seen = {account.number}
    above = account.parent
    while above is not None and above not in sound:
        if above in seen:
            raise Refusal(
                "account_cycle",
                f"account {account.number} would be its own ancestor by way of {above}: "
                "choose another parent",
                account=account.number,
                parent=above,
            )
        seen.add(above)
        parent = lookup(above)
        if parent is None:
            raise unknown_account(above)
        above = parent.parent
    sound |= seen


def check_family(account: AccountState, lookup: Lookup) -> None:
    """The account's invoicer exists, invoices itself, is not closed, and has the same bill group
    and bill day (R15).
    """
    if account.invoicer == account.number:
        return
    invoicer = lookup(account.invoicer)
    if invoicer is None:
        raise unknown_account(account.invoicer)
    top = top_of(account, lookup)
    if account.members:
        raise Refusal(
            "invoicer_chain",
            f"account {account.number} receives invoices for others and cannot be invoiced to "
            f"{account.invoicer}: let all of them be invoiced to {top}",
            account=account.number,
            top=top,
        )
    if invoicer.invoicer != invoicer.number:
        raise Refusal(
            "invoicer_chain",
            f"account {account.invoicer} is itself invoiced to another: "
            f"let {account.number} be invoiced to {top}",
            account=account.number,
            top=top,
        )
    if invoicer.status == "closed":
        raise Refusal(
            "invoicer_closed",
            f"account {invoicer.number} is closed and cannot receive invoices for "
            f"{account.number}: open it or choose another invoicer",
            account=account.number,
            invoicer=invoicer.number,
        )
    _check_alike(account, invoicer)


def top_of(account: AccountState, lookup: Lookup) -> str:
    """The number at the upper end of a chain of invoicers."""
    seen: set[str] = set()
    at = account
    while at.invoicer != at.number and at.number not in seen:
        seen.add(at.number)
        above = lookup(at.invoicer)
        if above is None:
            break
        at = above
    return at.number


def _check_alike(account: AccountState, invoicer: AccountState) -> None:
    for field, word in (("bill_group", "bill group"), ("bill_day", "bill day")):
        mine, theirs = getattr(account, field), getattr(invoicer, field)
        if mine != theirs:
            raise Refusal(
                f"invoicer_{field}_differs",
                f"account {account.number} has {word} {mine}, its invoicer {invoicer.number} has "
                f"{theirs}: give both the same, or change that of {invoicer.number}, which "
                "changes all it is invoicer for",
                account=account.number,
                invoicer=invoicer.number,
                field=field,
            )


def check_closed(
    account: AccountState, *, next_bills: Iterable[tuple[str, date]], waiting: int
) -> None:
    """A closed account has no package with a next bill date, no transaction that waits, and
    receives invoices for nobody (R32). `next_bills` are such packages with their dates.
    """
    if account.status != "closed":
        return
    for ref, day in next_bills:
        raise Refusal(
            "account_still_billed",
            f"account {account.number} cannot be closed: account-package {ref} has the next bill "
            f"date {day}; cancel it and bill it to its end first",
            account=account.number,
            account_package=ref,
        )
    if waiting:
        raise Refusal(
            "account_still_billed",
            f"account {account.number} cannot be closed: {waiting} transactions wait to be "
            "invoiced; invoice them first",
            account=account.number,
            waiting=waiting,
        )
    if account.members:
        raise Refusal(
            "account_is_invoicer",
            f"account {account.number} cannot be closed: it receives invoices for "
            f"{account.members} other accounts; give them another invoicer first",
            account=account.number,
            members=account.members,
        )


def check_open(account: AccountState) -> None:
    """Only an account that is not closed can take a package or have one go on."""
    if account.status == "closed":
        raise Refusal(
            "account_closed",
            f"account {account.number} is closed: set its status to active first",
            account=account.number,
        )


def erase(state: AccountState) -> list[AccountEvent]:
    """The account's personal data is to be forgotten. Nothing else changes."""
    return [] if state.erased else [AccountErased()]


def check_can_be_named(state: AccountState) -> None:
    """An erased account takes no personal data again."""
    if state.erased:
        raise Refusal(
            "account_erased",
            f"the personal data of account {state.number} was erased: leave its name out",
            account=state.number,
        )


def delete(
    state: AccountState,
    *,
    child: str | None,
    billed: str | None,
    waited: bool,
    paid: bool,
    excluded_in: str | None,
    scheduled: bool,
) -> list[AccountEvent]:
    """The account goes away, unless something depends on it: an account below it, one it receives
    or received invoices for, a billed account-package, a transaction, a bill group's exclusion, a
    schedule.
    """
    reason = None
    if child is not None:
        reason = f"account {child} lies below it"
    elif state.members or state.had_members:
        reason = "it receives invoices for others, or did"
    elif billed is not None:
        reason = f"account-package {billed} has been billed; close the account instead"
    elif waited:
        reason = "it has transactions; close the account instead"
    elif paid:
        reason = "it has payments; close the account instead"
    elif excluded_in is not None:
        reason = f"bill group {excluded_in} excludes it; take it off that list first"
    elif scheduled:
        reason = "it is scheduled to be billed; cancel that first"
    if reason is not None:
        raise Refusal(
            "in_use", f"account {state.number} cannot be deleted: {reason}", account=state.number
        )
    return [AccountDeleted()]


def unknown_account(number: str) -> Refusal:
    return Refusal(
        "account_unknown",
        f"there is no account {number!r}: open it or name another",
        account=number,
    )


def _check_status(status: str) -> None:
    if status not in STATUSES:
        raise Refusal(
            "status_invalid",
            f"{status!r} is not a status of an account: use {', '.join(STATUSES)}",
            field="status",
        )
