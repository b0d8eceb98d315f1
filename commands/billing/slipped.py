"""Accounts that moved, while a run went on, under an invoicer whose chunk was done.

They slipped through: nothing stays behind silently (R9), so what they still owe is listed, reason
`not_reached`. The other way round: `commands/billing/moved.py`.
"""

from collections.abc import Collection, Iterable

from aggregates import identity
from aggregates.account import AccountState, InvoicerChanged
from aggregates.chunk import LeftBehind, PackagesLeftBehind
from commands.billing.moved import was_billed
from commands.billing.readable import UNREADABLE
from commands.billing.settings import RunSettings
from commands.store import PackageRow, Reading, Store

PAGE = 200
"""Chunks whose lists are read at once."""


def slipped(
    store: Store,
    settings: RunSettings,
    started_at: int,
    chunks: int,
    only: Collection[str] | None = None,
) -> list[LeftBehind]:
    """Packages that are due in the run, were neither billed by it nor listed, and whose account
    changed its invoicer after position `started_at`. Almost always there are none to look at.
    `only`: the invoicers a retry is about; accounts that were under others are not its business.
    """
    if settings.account is not None or "bill_packages" not in settings.actions:
        return []
    moved = store.accounts_moved_after(started_at)
    if only is not None:
        moved = [account for account in moved if _left(store, account, started_at) in only]
    if not moved:
        return []
    due = {row.state.ref: row for row in _due(store, settings, moved)}
    for ref, row in list(due.items()):
        if was_billed(store, row, settings.execution):
            del due[ref]
    for listed in _listed(store, settings, chunks) if due else ():
        due.pop(listed.account_package, None)
    return [
        LeftBehind(
            account_package=ref,
            account=row.state.account,
            next_bill_date=row.state.next_bill_date,
            reason="not_reached",
        )
        for ref, row in sorted(due.items())
        if row.state.next_bill_date is not None
    ]


def _due(store: Store, settings: RunSettings, accounts: Collection[bytes]) -> list[PackageRow]:
    with store.snapshot() as reading:
        try:
            return _due_in(reading, settings, accounts)
        except UNREADABLE:  # a stored state is damaged: history still tells what is due
            with store.as_of(reading.head.position) as then:
                return _due_in(then, settings, accounts)


def _due_in(
    reading: Reading, settings: RunSettings, accounts: Collection[bytes]
) -> list[PackageRow]:
    found = reading.get_many("account", accounts)
    held = [
        stream
        for stream, account in found.items()
        if not account.state.deleted
        and account.state.bill_group in settings.groups
        and not _excluded(settings, account.state)
    ]
    return [
        row
        for row in reading.packages_of(held)
        if row.state.next_bill_date is not None and row.state.next_bill_date <= settings.period_end
    ]


def _left(store: Store, account: bytes, started_at: int) -> str | None:
    """The invoicer the account was under when the execution started."""
    for recorded in store.stream(account):
        if recorded.position > started_at and isinstance(recorded.event, InvoicerChanged):
            return recorded.event.previous
    return None


def _excluded(settings: RunSettings, account: AccountState) -> bool:
    """By the account's own group (R3)."""
    excluded = settings.groups[account.bill_group].settings.exclude
    return account.number in excluded or account.invoicer in excluded


def _listed(store: Store, settings: RunSettings, chunks: int) -> Iterable[LeftBehind]:
    for first in range(0, chunks, PAGE):
        indexes = range(first, min(first + PAGE, chunks))
        ids = [identity.chunk(settings.execution_id, index) for index in indexes]
        for events in store.streams(ids).values():
            for recorded in events:
                if isinstance(recorded.event, PackagesLeftBehind):
                    yield from recorded.event.packages
