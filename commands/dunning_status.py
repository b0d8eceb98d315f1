"""A status that dunning set is taken back as soon as nothing is overdue (R24): whenever money comes
in, an invoice is credited or voided, or a credit is given, and not only by the next run.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from aggregates.account import AccountState
from aggregates.dunning import still_owed, take_back
from aggregates.identity import StreamId
from commands.store import ItemRow, Reading
from commands.waiting import waiting_among, waiting_under
from commands.workspace import Workspace


def take_status_back(workspace: Workspace, account: StreamId, today: date) -> None:
    """Sets the account active again, if dunning suspended it and it owes nothing overdue now that
    its own money does not cover: what a run would look at.
    """
    state: AccountState | None = workspace.find("account", account)
    if state is None or not state.status_by:
        return
    documents = [invoice for _, invoice in workspace.items_of("invoice", account)]
    money = sum(payment.rest for _, payment in workspace.items_of("payment", account))
    owed = still_owed(documents, money, waiting_under(workspace, account, state))
    workspace.stage("account", account, take_back(state, owed, today))


def owed_by(
    reading: Reading, documents: Mapping[StreamId, Sequence[ItemRow]]
) -> Iterator[tuple[ItemRow, int]]:
    """Open documents of many accounts, each with what is left of it for dunning to look at."""
    payments = reading.items_of("payment", documents)
    waiting = waiting_among(reading, documents)
    for account, rows in documents.items():
        money = sum(row.state.rest for row in payments.get(account, ()))
        owed = still_owed([row.state for row in rows], money, waiting.get(account, 0))
        yield from ((row, left.balance) for row, left in zip(rows, owed, strict=True))
