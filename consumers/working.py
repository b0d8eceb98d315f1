"""The worker when work is spread: takes a chunk, bills it in one transaction, says it is done."""

from collections import OrderedDict

import structlog

from aggregates.execution import FINISHED, ExecutionState
from aggregates.identity import StreamId, chunk, text
from aggregates.refusal import Refusal
from commands.billing.rare_collections import rare_collections
from commands.billing.writing import Written
from commands.executions import Running, find_execution, open_running, run_chunk
from commands.store import Conflict, Store
from consumers.apart import Attempts, Careful, Isolation
from consumers.remaining import Remaining
from consumers.role import OF_THE_PROCESS, Meter, Silent, Unavailable
from consumers.work import Queue, Work

_KNOWN = 8
"""Executions whose settings are kept."""

log = structlog.get_logger()


class Working:
    """The role `worker`. `name` is what history calls it."""

    name = "worker"

    def __init__(
        self,
        store: Store,
        queue: Queue,
        attempts: Attempts,
        isolation: Isolation,
        meter: Meter | None = None,
        wait: float = 0.5,
        name: str = "",
    ) -> None:
        self._store = store
        self._queue = queue
        self._meter = meter or Silent()
        self._careful = Careful(attempts, isolation, self._meter)
        self._wait = wait
        self._called = name
        self._running: OrderedDict[StreamId, Running] = OrderedDict()
        self._touched: dict[StreamId, Remaining | None] = {}

    def step(self) -> bool:
        taken = self._queue.take(self._wait)
        if taken is None:
            return self._finish()
        try:
            with rare_collections():
                if taken.work is None:
                    log.warning("work not understood", mark=str(taken.mark))
                else:
                    self._do(taken.work)
        except BaseException:
            self._queue.again(taken)
            raise
        self._queue.done(taken)
        return True

    def close(self) -> None:
        self._queue.close()

    def _do(self, work: Work) -> None:
        if self._store.exists(chunk(work.execution, work.chunk)):
            self._touched.setdefault(work.execution, None)
            return
        running = self._open(work)
        if running is None:
            return
        try:
            self._careful.bill(
                work, lambda: run_chunk(self._store, running, work.chunk, committed=self._billed)
            )
        except Conflict:
            raise Unavailable("others kept writing to the same accounts") from None
        except Refusal as refusal:
            # The other chunks do not wait for it: a scheduler sends it again after a while.
            if refusal.code in OF_THE_PROCESS:
                raise
            self._meter.add("work_refused")
            named = {"correlation_id": text(work.execution), "chunk": work.chunk}
            log.error("work refused", code=refusal.code, reason=refusal.sentence, **named)
            return
        self._touched.setdefault(work.execution, None)

    def _open(self, work: Work) -> Running | None:
        """The execution's settings; None when there is nothing to do about it (any more)."""
        found = self._running.get(work.execution)
        if found is None:
            try:
                found = self._settings(work.execution)
            except Refusal as refusal:
                log.warning("work dropped", correlation_id=text(work.execution), code=refusal.code)
                return None
            if found is None:
                return None
            self._running[work.execution] = found
            while len(self._running) > _KNOWN:
                self._running.popitem(last=False)
        if work.chunk >= found.chunks:
            log.warning("work dropped", correlation_id=text(work.execution), chunk=work.chunk)
            return None
        return found

    def _settings(self, execution: StreamId) -> Running | None:
        with self._store.snapshot() as reading:
            state: ExecutionState = find_execution(reading, execution).state
        if state.status in FINISHED or state.status == "queued":
            return None
        running = open_running(self._store, execution)
        running.worker = self._called
        return running

    def _billed(self, written: Written) -> None:
        counts = written.counts
        self._meter.add("accounts_billed", written.accounts)
        self._meter.add("packages_billed", counts.packages_billed)
        self._meter.add("invoices_generated", counts.invoices_generated)
        self._meter.add("failures", counts.failed)

    def _finish(self) -> bool:
        """Nothing to take: ends executions this worker had a part in, if all is done."""
        moved = False
        for execution, remaining in list(self._touched.items()):
            with self._store.snapshot() as reading:
                over = find_execution(reading, execution).state.status in FINISHED
            if not over:
                found = remaining or Remaining(self._store, execution)
                self._touched[execution] = found
                over = moved = found.finish() is not None
            if over:
                self._careful.forget(execution)
                self._running.pop(execution, None)
                del self._touched[execution]
        return moved
