"""What an execution of an older form charged under contracts, which it wrote down (R31).

Executions that start now do not: who closes a commit period looks into history. These are computed
again as they were written (`aggregates.execution.FORM`).
"""

from collections.abc import Iterator
from datetime import date

from aggregates import counted_by_runs
from aggregates.contract import ContractCounted, ContractState
from aggregates.counting import COUNTING, covers
from aggregates.identity import StreamId
from commands.billing.contract_terms import KIND, does_terms
from commands.billing.draft import Draft, NewCharge
from commands.billing.settings import RunSettings


def count_commitments(draft: Draft, settings: RunSettings) -> None:
    """Finds what this run charged in the commit periods of its bill dates, and writes it down
    where the run does not do the contract's terms.
    """
    if not draft.charges or not settings.has_contracts:
        return
    charged: dict[StreamId, list[NewCharge]] = {}
    for new in draft.charges:
        if new.charge.kind in COUNTING:
            charged.setdefault(new.account.row.stream, []).append(new)
    for account in draft.facts.accounts:
        lines = charged.get(account.row.stream)
        if not lines:
            continue
        for row in account.items.get(KIND, ()):
            counted = counted_by_runs.count(row.state, _under(row.state, lines))
            if not counted:
                continue
            if does_terms(draft, settings, account):
                draft.counted[row.stream] = counted
            else:
                event = ContractCounted(counted=counted, execution=settings.execution)
                draft.stage(KIND, row.stream, row.version, row.state, [event])


def _under(state: ContractState, charges: list[NewCharge]) -> Iterator[tuple[date, int]]:
    """Bill date and amount of what was charged under the contract."""
    for new in charges:
        if covers(state, new.waiting.account_package):
            yield new.waiting.bill_date, new.charge.amount
