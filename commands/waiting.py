"""What waits by hand under an invoicer: credits and debits that go on its next invoice (R25)."""

from collections.abc import Collection

from aggregates.account import AccountState
from aggregates.balance import waiting_manually
from aggregates.identity import StreamId
from commands.store import Reading
from commands.workspace import Workspace


def waiting_under(workspace: Workspace, account: StreamId, state: AccountState) -> int:
    """The sum, in the account's currency. What waits on the accounts it receives invoices for
    counts as its own; nothing does while its own invoices go to another.
    """
    if state.invoicer != state.number:
        return 0
    members = [account, *(stream for stream, _ in workspace.members_of(account))]
    found = (workspace.receivables_of(member) for member in members)
    return sum(waiting_manually(one, state.currency) for one in found if one is not None)


def waiting_among(reading: Reading, invoicers: Collection[StreamId]) -> dict[StreamId, int]:
    """The same for many invoicers at once, those left out for which nothing waits."""
    paid_by: dict[StreamId, StreamId] = {}
    accounts = reading.get_many("account", invoicers)
    for invoicer, found in accounts.items():
        state: AccountState = found.state
        if state.invoicer == state.number:
            members = reading.members_of(invoicer) if state.members else ()
            paid_by |= {invoicer: invoicer, **{row.stream: invoicer for row in members}}
    sums: dict[StreamId, int] = {}
    for member, row in reading.receivables_of(paid_by).items():
        invoicer = paid_by[member]
        amount = waiting_manually(row.state, accounts[invoicer].state.currency)
        sums[invoicer] = sums.get(invoicer, 0) + amount
    return sums
