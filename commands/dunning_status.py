"""A status that dunning set is taken back as soon as nothing is overdue (R24): whenever money comes
in or an invoice is credited or voided, and not only by the next run.
"""

from datetime import date

from aggregates.account import AccountState
from aggregates.dunning import Owed, take_back
from aggregates.identity import StreamId
from commands.workspace import Workspace


def take_status_back(workspace: Workspace, account: StreamId, today: date) -> None:
    """Sets the account active again, if dunning suspended it and it owes nothing overdue now."""
    state: AccountState | None = workspace.find("account", account)
    if state is None or not state.status_by:
        return
    owed = (
        Owed(invoice.due_date, invoice.open_balance)
        for _, invoice in workspace.items_of("invoice", account)
    )
    workspace.stage("account", account, take_back(state, owed, today))
