"""A business lived at random: changes, runs, crashes, in any order, always under examination."""

import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aggregates import identity
from aggregates.execution import FINISHED
from aggregates.identity import StreamId
from aggregates.refusal import Refusal
from commands.execution_control import cancel_execution, retry_execution
from commands.executions import (
    open_running,
    run_chunk,
    start_execution,
)
from commands.message import Command
from commands.schedules import At, BillingPeriod, Every, ScheduleBillRun, schedule_bill_run
from consumers.scheduler import run_until
from consumers.worker import run_execution, unfinished
from infra.views.open import open_views
from tests.properties import asks
from tests.properties.audit import follow
from tests.properties.faults import Crash, crowded, dying
from tests.properties.ledger import Ledger
from tests.properties.proofs import prove
from tests.properties.shop import Ask, Run, Shop
from tests.properties.trial import check_told, happened, previewed, stand

places = st.integers(0, 5)


class Business(RuleBasedStateMachine):
    """One business from its opening to its audit."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="billstream-"))
        self.shop = Shop(self.folder)
        self.ledger = Ledger()

    def teardown(self) -> None:
        try:
            for execution in unfinished(self.shop.store):
                run_execution(self.shop.store, execution)
            follow(self.ledger, self.shop.store)
            prove(self.shop, self.ledger)
        finally:
            self.shop.close()
            shutil.rmtree(self.folder)

    @initialize(rounding=asks.roundings, rates=asks.rates, customers=asks.openings())
    def open(self, rounding: str, rates: dict[str, str], customers: list[Ask]) -> None:
        self.shop.must(*asks.business(rounding, rates))
        for ask in customers:
            accepted = self.shop.put(ask)
            assert accepted or ask.verb == "package"

    @invariant()
    def is_sound(self) -> None:
        follow(self.ledger, self.shop.store)

    # what customers and operators change

    @rule(ask=asks.terms())
    def change_terms(self, ask: Ask) -> None:
        self.shop.put(ask)

    @rule(ask=asks.taking() | asks.moves())
    def take_or_move(self, ask: Ask) -> None:
        self.shop.put(ask)

    @rule(ask=asks.account_changes())
    def change_account(self, ask: Ask) -> None:
        self.shop.put(ask)

    @rule(some=st.lists(asks.statuses | asks.exclusions, min_size=1, max_size=2), run=asks.runs)
    def set_apart_and_run(self, some: list[Ask], run: Run) -> None:
        for ask in some:
            self.shop.put(ask)
        self.run(run)

    @rule(ask=asks.pricing())
    def change_price(self, ask: Ask) -> None:
        self.shop.put(ask)

    @rule(ask=asks.group_changes() | asks.rate_changes() | asks.numberings | asks.deletions)
    def change_settings(self, ask: Ask) -> None:
        self.shop.put(ask)

    @rule(
        some=st.lists(asks.terms() | asks.account_changes() | asks.moves(), min_size=2, max_size=3)
    )
    def change_much(self, some: list[Ask]) -> None:
        self.shop.put(*some)

    @rule(days=st.integers(0, 45))
    def wait(self, days: int) -> None:
        store = self.shop.store

        def execute(execution: StreamId) -> None:
            run_execution(store, execution)

        run_until(store, store.now() + timedelta(days=days), execute, lambda: None)

    # runs

    @rule(run=asks.runs | asks.account_runs)
    def run(self, run: Run) -> None:
        """A whole run, as previewed."""
        follow(self.ledger, self.shop.store)
        expected = previewed(self.shop, run)
        before = stand(self.ledger)
        execution = self.shop.queue(run)
        if execution is None:
            return
        run_execution(self.shop.store, execution)
        follow(self.ledger, self.shop.store)
        assert happened(self.ledger.executions[execution], execution) == expected
        check_told(self.ledger, before, execution)

    @rule(
        some=st.lists(asks.terms() | asks.pricing(), min_size=1, max_size=2),
        days=st.integers(0, 40),
        catch_up=asks.catch_ups,
    )
    def bill_change_and_bill(self, some: list[Ask], days: int, catch_up: str) -> None:
        """What is changed after it was billed is settled by the next run (R13)."""
        self.run(Run("Everything", -30, 60, "all"))
        for ask in some:
            self.shop.put(ask)
        self.shop.wait(days)
        self.run(Run("Everything", -60, 120, catch_up))

    @rule(run=asks.runs, appends=st.integers(0, 4), written=st.booleans())
    def run_and_crash(self, run: Run, appends: int, written: bool) -> None:
        execution = self.shop.queue(run)
        assert execution is not None
        with suppress(Crash):
            run_execution(dying(self.shop.store, appends, written), execution)

    @rule(run=asks.runs, chunks=st.lists(places, max_size=3))
    def begin(self, run: Run, chunks: list[int]) -> None:
        """Some chunks in some order; whoever resumes it does the rest."""
        execution = self.shop.queue(run)
        assert execution is not None
        self._step(execution, chunks)

    @rule(place=places, chunks=st.lists(places, max_size=3))
    @precondition(lambda self: bool(unfinished(self.shop.store)))
    def step(self, place: int, chunks: list[int]) -> None:
        self._step(self._unfinished(place), chunks)

    def _step(self, execution: StreamId, chunks: list[int]) -> None:
        start_execution(self.shop.store, execution)
        running = open_running(self.shop.store, execution)
        for chunk in chunks:
            if running.chunks:
                run_chunk(self.shop.store, running, chunk % running.chunks)

    @rule(place=places)
    @precondition(lambda self: bool(unfinished(self.shop.store)))
    def resume(self, place: int) -> None:
        run_execution(self.shop.store, self._unfinished(place))

    @rule(
        run=asks.runs,
        others=st.lists(asks.terms() | asks.account_changes() | asks.statuses, max_size=3),
    )
    def run_among_others(self, run: Run, others: list[Ask]) -> None:
        execution = self.shop.queue(run)
        assert execution is not None
        writers = [lambda ask=ask: self.shop.put(ask) for ask in others]
        run_execution(crowded(self.shop.store, *writers), execution)

    @rule(run=asks.runs, other=asks.runs)
    def run_twice_at_once(self, run: Run, other: Run) -> None:
        """Another run over the same accounts is done between this one's reading and writing."""
        mine, theirs = self.shop.queue(run), self.shop.queue(other)
        assert mine is not None
        assert theirs is not None
        store = self.shop.store
        meeting = crowded(store, lambda: None, lambda: run_execution(store, theirs))
        run_execution(meeting, mine)

    @rule(run=asks.runs)
    def request_twice(self, run: Run) -> None:
        """A command that is delivered again changes nothing and gets the same answer (R14)."""
        self.shop.asked += 1
        name = str(self.shop.asked)
        first = self.shop.request(run, name)
        head = self.shop.store.head
        again = self.shop.request(run, name)
        assert again.repeated
        assert again.result == first.result
        assert self.shop.store.head == head

    @rule(run=asks.runs, rule=st.sampled_from(["DAILY;INTERVAL=20", "MONTHLY;BYMONTHDAY=-1"]))
    def run_again_and_again(self, run: Run, rule: str) -> None:
        self._schedule(run, Every(every=f"FREQ={rule}"), None)

    @rule(run=asks.runs, days=st.integers(0, 20))
    def run_later(self, run: Run, days: int) -> None:
        at = (self.shop.store.now() + timedelta(days=days)).isoformat()
        self._schedule(run, At(at=at), run.length)

    def _schedule(self, run: Run, timing: At | Every, length: int | None) -> None:
        start, end = self.shop.period(run)
        self.shop.asked += 1
        message = ScheduleBillRun(
            bill_run=run.bill_run,
            billing_period=BillingPeriod(start=start, end=None if length is None else end),
            timing=timing,
            catch_up=run.catch_up,
        )
        schedule_bill_run(self.shop.store, message, "properties", str(self.shop.asked))

    @rule(run=asks.runs, chunks=st.integers(0, 3))
    def run_and_cancel(self, run: Run, chunks: int) -> None:
        """Cancelled after some chunks: a truthful state (R6, R9)."""
        follow(self.ledger, self.shop.store)
        before = stand(self.ledger)
        execution = self.shop.queue(run)
        assert execution is not None
        self._step(execution, list(range(chunks)))
        self._cancel(execution)
        state = run_execution(self.shop.store, execution)
        assert state.status == "cancelled"
        follow(self.ledger, self.shop.store)
        check_told(self.ledger, before, execution)

    @rule(place=places)
    @precondition(lambda self: bool(unfinished(self.shop.store)))
    def cancel(self, place: int) -> None:
        self._cancel(self._unfinished(place))

    def _cancel(self, execution: StreamId) -> None:
        self.shop.asked += 1
        text = identity.text(execution)
        command = Command("cancel_execution", "properties", str(self.shop.asked), {"of": text})
        cancel_execution(self.shop.store, command, text)

    @rule(place=places, at_once=st.booleans())
    @precondition(lambda self: bool(self._failed()))
    def retry(self, place: int, at_once: bool) -> None:
        """Over the invoicers that failed and that no earlier retry has billed (R6)."""
        failed = self._failed()
        old = failed[place % len(failed)]
        text = identity.text(old)
        self.shop.asked += 1
        command = Command("retry_execution", "properties", str(self.shop.asked), {"of": text})
        try:
            outcome = retry_execution(self.shop.store, command, text)
        except Refusal as refusal:
            if refusal.code == "retry_running" or not self._unresolved(old):
                return
            raise
        if not at_once:
            self._step(identity.parse(outcome.result["execution"]), [place])
            return
        before, only = stand(self.ledger), self._unresolved(old)
        new = identity.parse(outcome.result["execution"])
        run_execution(self.shop.store, new)
        follow(self.ledger, self.shop.store)
        check_told(self.ledger, before, new, only)

    @rule(place=places, ask=asks.rate_changes() | asks.pricing())
    @precondition(lambda self: bool(self._failed()))
    def mend_and_retry(self, place: int, ask: Ask) -> None:
        """Some of the invoicers that failed can be billed now, others fail again."""
        self.shop.put(ask)
        self.retry(place, True)

    @rule()
    def look(self) -> None:
        open_views(self.shop.store, batch=7).catch_up()

    def _unfinished(self, place: int) -> StreamId:
        found = unfinished(self.shop.store)
        return found[place % len(found)]

    def _failed(self) -> list[StreamId]:
        return [
            execution
            for execution, told in self.ledger.executions.items()
            if told.failures and told.state.status in FINISHED
        ]

    def _unresolved(self, execution: StreamId) -> frozenset[str]:
        told = self.ledger.executions[execution]
        failed = {failure.invoicer for failure in told.failures}
        for attempt in range(1, told.state.retries + 1):
            retry = self.ledger.executions.get(identity.retry(execution, attempt))
            if retry is None:
                continue
            again = {failure.invoicer for failure in retry.failures}
            failed -= {one for one in failed - again if self.ledger.reached(retry, one)}
        return frozenset(failed)
