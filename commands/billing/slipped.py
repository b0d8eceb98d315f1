"""Accounts that slipped through a run: moved, while it ran, under an invoicer whose chunk was done.

Nothing stays behind silently (R9): what such an account still owes is listed, reason `not_reached`.
"""

from collections.abc import Iterable

from aggregates import identity
from aggregates.account_package.events import PackageBilled
from aggregates.chunk import LeftBehind, PackagesLeftBehind
from commands.billing.settings import RunSettings
from commands.store import PackageRow, Store

PAGE = 200
"""Chunks whose lists are read at once."""


def slipped(store: Store, settings: RunSettings, started_at: int, chunks: int) -> list[LeftBehind]:
    """Packages that are due in the run, were neither billed by it nor listed, and whose account
    changed its invoicer after position `started_at`. Almost always there are none to look at.
    """
    moved = store.accounts_moved_after(started_at)
    if not moved or settings.account is not None or "bill_packages" not in settings.actions:
        return []
    due = {row.state.ref: row for row in _due(store, settings, moved)}
    for ref, row in list(due.items()):
        if _billed(store, row, settings.execution):
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


def _due(store: Store, settings: RunSettings, accounts: Iterable[bytes]) -> list[PackageRow]:
    with store.snapshot() as reading:
        found = reading.get_many("account", accounts)
        held = [
            stream
            for stream, account in found.items()
            if not account.state.deleted
            and account.state.bill_group in settings.groups
            and not _excluded(settings, account.state.number, account.state.invoicer)
        ]
        packages = reading.packages_of(held)
    return [
        row
        for row in packages
        if row.state.next_bill_date is not None and row.state.next_bill_date <= settings.period_end
    ]


def _excluded(settings: RunSettings, number: str, invoicer: str) -> bool:
    excluded = {name for group in settings.groups.values() for name in group.settings.exclude}
    return number in excluded or invoicer in excluded


def _billed(store: Store, row: PackageRow, execution: str) -> bool:
    return any(
        isinstance(recorded.event, PackageBilled) and recorded.event.execution == execution
        for recorded in store.stream(row.stream)
    )


def _listed(store: Store, settings: RunSettings, chunks: int) -> Iterable[LeftBehind]:
    for first in range(0, chunks, PAGE):
        indexes = range(first, min(first + PAGE, chunks))
        ids = [identity.chunk(settings.execution_id, index) for index in indexes]
        for events in store.streams(ids).values():
            for recorded in events:
                if isinstance(recorded.event, PackagesLeftBehind):
                    yield from recorded.event.packages
