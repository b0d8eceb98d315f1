"""Running what a schedule fired, one execution after the other, and saying how each ended."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from aggregates.execution import ExecutionState
from aggregates.identity import StreamId, text
from aggregates.refusal import Refusal
from infra.cli.errors import COMPLETED_WITH_FAILURES, REFUSED
from infra.cli.looking import short
from infra.cli.output import notice, say
from infra.cli.running import run_to_end

if TYPE_CHECKING:
    from infra.composition import App

RunOne = Callable[["App", StreamId], ExecutionState]


class Fires:
    """The executions of one command line. One that is refused stops no other: it is told on
    stderr, left as it is and not tried again here.
    """

    def __init__(
        self, app: "App", where: ZoneInfo, quiet: bool = False, run_one: RunOne = run_to_end
    ) -> None:
        self._app = app
        self._where = where
        self._quiet = quiet
        self._run_one = run_one
        self._refused: set[StreamId] = set()
        self.ended: list[tuple[StreamId, ExecutionState]] = []

    def execute(self, execution: StreamId) -> None:
        """Runs an execution to its end. Who cancels it meanwhile wants to stop here."""
        stopping = self._cancel_requested(execution)
        try:
            state = self._run_one(self._app, execution)
        except Refusal as refusal:
            notice(f"error: {refusal.code}: execution {text(execution)}: {refusal.sentence}")
            self._refused.add(execution)
            return
        self.ended.append((execution, state))
        if not self._quiet:
            say(self._line(execution, state))
            sys.stdout.flush()
        if state.status == "cancelled" and not stopping:
            raise click.Abort

    def recover(self) -> None:
        """Finishes the executions, and the reversals, that a dead process left."""
        from commands.corrections.reversing import carry_on
        from consumers.worker import unfinished

        for execution in unfinished(self._app.store):
            if execution not in self._refused and not self._app.store.is_alive(execution):
                notice(f"execution {text(execution)} was left running; finishing it")
                self.execute(execution)
        for execution in carry_on(self._app.store):
            notice(f"the reversal of execution {text(execution)} has ended")

    def exit_status(self) -> int:
        """0; 3 when a run completed with failures; 1 when one was refused."""
        if self._refused:
            return REFUSED
        failed = any(state.status == "completed_with_failures" for _, state in self.ended)
        return COMPLETED_WITH_FAILURES if failed else 0

    def _cancel_requested(self, execution: StreamId) -> bool:
        with self._app.store.snapshot() as reading:
            found = reading.get("execution", execution)
        return found is not None and found.state.cancel_requested

    def _line(self, execution: StreamId, state: ExecutionState) -> str:
        now = self._app.now().astimezone(self._where)
        counts = state.counts
        return (
            f"{now:%Y-%m-%d %H:%M}  {state.bill_run}  {state.period_start}/{state.period_end}\n"
            f"    execution {short(text(execution))} {state.status.replace('_', ' ')}: "
            f"cycles {counts.cycles_billed:,}, invoices {counts.invoices_generated:,}, "
            f"failed {counts.failed:,}"
        )
