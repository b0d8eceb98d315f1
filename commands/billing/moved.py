"""Accounts that left an invoicer while a run went on: what was billed of them under the invoicer
they left is not billed once more by the same execution (R8).
"""

from collections.abc import Sequence, Set

from aggregates.account_package.events import PackageBilled
from aggregates.identity import StreamId
from commands.billing.facts import ChunkFacts
from commands.billing.settings import RunSettings
from commands.store import PackageRow, Reading, Store


def moved_meanwhile(
    reading: Reading, settings: RunSettings, accounts: Sequence[StreamId]
) -> Set[StreamId]:
    """Those of the accounts that changed their invoicer since the execution started."""
    if "bill_packages" not in settings.actions or not settings.started_at:
        return frozenset()
    return reading.moved_among(accounts, settings.started_at)


def leave_out_billed(
    store: Store, settings: RunSettings, facts: ChunkFacts, moved: Set[StreamId]
) -> None:
    """Takes packages out of a chunk's facts that another chunk billed before the facts were read,
    under an invoicer that their account has left since the execution started: it is in `moved`.
    """
    if not moved:
        return
    for family in facts.invoicers:
        for account in family.accounts:
            if account.row.stream in moved:
                account.packages = [
                    row
                    for row in account.packages
                    if not was_billed(store, row, settings.execution, facts.read_at)
                ]


def was_billed(store: Store, row: PackageRow, execution: str, up_to: int | None = None) -> bool:
    """The execution billed it, at or before a position."""
    return any(
        isinstance(recorded.event, PackageBilled) and recorded.event.execution == execution
        for recorded in store.stream(row.stream, up_to)
    )
