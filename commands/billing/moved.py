"""Accounts that left an invoicer while a run went on: what was billed of them under the invoicer
they left is not billed once more by the same execution (R8).
"""

from aggregates.account_package.events import PackageBilled
from commands.billing.facts import ChunkFacts
from commands.billing.settings import RunSettings
from commands.store import PackageRow, Reading, Store


def leave_out_billed(
    store: Store, reading: Reading, settings: RunSettings, facts: ChunkFacts
) -> None:
    """Takes packages out of a chunk's facts that another chunk billed before the facts were read,
    under an invoicer that their account has left since the execution started.
    """
    if "bill_packages" not in settings.actions or not settings.started_at:
        return
    accounts = [account for family in facts.invoicers for account in family.accounts]
    moved = reading.moved_among([account.row.stream for account in accounts], settings.started_at)
    for account in accounts if moved else ():
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
