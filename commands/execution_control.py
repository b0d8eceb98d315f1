"""What may be asked of an execution: cancel it, retry its failures, reverse it (R6, R22)."""

from typing import Any

from aggregates import execution as rules
from aggregates import identity
from aggregates.execution import ExecutionState
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.asking import Message
from commands.billing.scope import unresolved
from commands.executions import execution_unknown
from commands.handling import Outcome, run_command
from commands.message import Command
from commands.store import Store
from commands.workspace import Workspace


class ChangeExecution(Message):
    """Cancel an execution, or retry its failures."""

    execution: str


def parse_execution(written: str) -> StreamId:
    """The execution's id behind its text; `execution_unknown` for anything else."""
    try:
        return identity.parse(written)
    except ValueError:
        raise execution_unknown(written) from None


def cancel_execution(store: Store, command: Command, execution: str) -> Outcome:
    """Asks a queued or running execution to stop between chunks. What was billed stays billed
    and is counted (R6). Refused with `execution_finished` when it has ended.
    """
    stream = parse_execution(execution)

    def decide(workspace: Workspace) -> dict[str, str]:
        state = _find(workspace, stream, execution)
        workspace.stage("execution", stream, rules.request_cancel(state))
        return {"execution": execution}

    return run_command(store, command, decide)


def retry_execution(store: Store, command: Command, execution: str) -> Outcome:
    """Queues a new execution over the failed invoicers; its id is `execution` in the result.
    Refused with `nothing_to_retry`, `execution_not_finished`, or `retry_running` while an earlier
    retry has not ended, because it may be billing the same invoicers.
    """
    stream = parse_execution(execution)

    def decide(workspace: Workspace) -> dict[str, str]:
        state = _find(workspace, stream, execution)
        if state.retries:
            earlier = identity.retry(stream, state.retries)
            running = _find(workspace, earlier, identity.text(earlier))
            if running.status not in rules.FINISHED:
                raise Refusal(
                    "retry_running",
                    f"retry {identity.text(earlier)} has not ended yet; wait for it or resume it "
                    f"with `billstream execution resume {identity.text(earlier)}`",
                )
        if state.counts.failed and not _unresolved(store, stream, state):
            raise Refusal(
                "nothing_to_retry", "every failure of the execution has been resolved already"
            )
        new = identity.retry(stream, state.retries + 1)
        text = identity.text(new)
        old_events, queued = rules.retry(state, execution, text, command.requested_by)
        workspace.stage("execution", stream, old_events)
        workspace.stage("execution", new, [queued])
        return {"execution": text, "retry_of": execution}

    return run_command(store, command, decide)


def reverse_execution(store: Store, command: Command, execution: str) -> Outcome:
    """Asks for all of an execution to be taken back (R22); `reversing.carry_out` does it. Refused
    with `execution_reversed` when it has been, `execution_not_finished` before its end.
    """
    stream = parse_execution(execution)

    def decide(workspace: Workspace) -> dict[str, str]:
        state = _find(workspace, stream, execution)
        workspace.stage("execution", stream, rules.request_reversal(state, workspace.today()))
        return {"execution": execution}

    return run_command(store, command, decide)


def _unresolved(store: Store, stream: StreamId, state: ExecutionState) -> bool:
    """Whether an invoicer failed that no retry has billed since."""
    earlier = [identity.retry(stream, attempt) for attempt in range(1, state.retries + 1)]
    return any(unresolved(store, stream, range(state.chunks), earlier).values())


def _find(workspace: Workspace, stream: StreamId, written: str) -> ExecutionState:
    state: Any = workspace.find("execution", stream)
    if state is None:
        raise execution_unknown(written)
    found: ExecutionState = state
    return found
