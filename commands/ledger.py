"""Close the books up to a day (R26)."""

from collections.abc import Iterator

from aggregates import identity, ledger
from aggregates.execution import FINISHED, ExecutionState
from aggregates.refusal import Refusal
from commands.asking import Message, changing
from commands.books import books
from commands.setup.entry import Day
from commands.workspace import Workspace

KIND = "ledger"


class CloseLedger(Message):
    """Close the books: nothing posts on or before the day any more."""

    through: Day


def _close(workspace: Workspace, message: CloseLedger) -> None:
    """A run in hand may still post with an earlier date, so it is waited for."""
    workspace.owner()
    executions: Iterator[ExecutionState] = workspace.all_of("execution")
    for execution in executions:
        if execution.status not in FINISHED:
            raise Refusal(
                "execution_running",
                f"an execution of bill run {execution.bill_run} is {execution.status} and may "
                "still post: wait for its end, or cancel it",
                bill_run=execution.bill_run,
            )
    events = ledger.close(books(workspace), message.through, workspace.today())
    workspace.stage(KIND, identity.ledger(), events)


close_ledger = changing(CloseLedger, "close_ledger", _close)
