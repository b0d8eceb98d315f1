"""One life: a fleet of roles bills month after month while it is hurt, and is looked at afterwards.

Faults overlap as chance has it. Each is followed until what it struck works again.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from time import monotonic

from infra.kafka.settings import kafka_settings
from infra.store.open import open_store
from tests.chaos import checks
from tests.chaos.faults import TRANSACTION, Fault
from tests.chaos.outcomes import OVERTAKEN, WENT_ON, Outcome, Tally, Told
from tests.chaos.service import Service
from tests.chaos.striking import Servers, Strike, Striking
from tests.chaos.supervised import Supervised
from tests.kafka_work.conftest import environment, make_topics
from tests.kafka_work.processes import Fleet, fleet, wait_until
from tests.kafka_work.runs import caught_up, url_of
from tests.support import seed as history

FLEET = ("relay", "projector", "commands", "worker", "worker", "scheduler")
EFFECTIVE = date(2000, 1, 1)
"""A month before the first that is billed."""
TICK = 0.05
LONGEST = 120.0
"""Seconds until everything that was asked for has to be done, once nothing goes wrong any more."""


def live(servers: Servers, plan: Sequence[Fault], accounts: int, folder: Path) -> Told:
    """Lives through the faults; what was wrong with it."""
    began = monotonic()
    prefix = servers.kafka.prefix
    told = environment(servers.postgres.url, servers.kafka.bootstrap_servers, prefix)
    told["BILLSTREAM_KAFKA_TRANSACTION_TIMEOUT"] = str(TRANSACTION)
    make_topics(servers.kafka.bootstrap_servers, prefix)
    with fleet(told, folder) as processes:
        with closing(open_store(url_of(processes), create=True)) as store:
            history.set_up(store)
            history.add_accounts(store, accounts, effective=EFFECTIVE)
        life = _Life(servers, processes)
        try:
            life.endure(plan)
            return life.looked_at(accounts, began)
        finally:
            life.close()


class _Open:
    """A fault whose end is awaited."""

    def __init__(self, fault: Fault, strike: Strike) -> None:
        self.fault = fault
        self.strike = strike
        self.began = monotonic()
        self.overtaken = False


class _Life:
    def __init__(self, servers: Servers, processes: Fleet) -> None:
        self._servers = servers
        self._processes = processes
        self._roles = Supervised(processes, FLEET)
        self._service = Service(servers.kafka.bootstrap_servers, servers.kafka.prefix, seed=7)
        self._striking = Striking(servers, self._roles, self._service)
        self._open: list[_Open] = []
        self._outcomes: list[Outcome] = []

    def endure(self, plan: Sequence[Fault]) -> None:
        """One fault after the other; then everything may come to its end."""
        wait_until(lambda: self._roles.ready, LONGEST, "the first start")
        self._service.start()
        wait_until(lambda: self._service.ended or self._service.error, LONGEST, "the first run")
        for fault in plan:
            until = monotonic() + fault.after
            while monotonic() < until:
                self._tick()
                self._service.join(TICK)
            self._strike(fault)
        self._service.rest()
        try:
            wait_until(self._healed, LONGEST, "every part works again")
            wait_until(self._done, LONGEST, "everything asked for is done")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._state()}") from None

    def close(self) -> None:
        self._service.end()
        self._striking.close()

    def _strike(self, fault: Fault) -> None:
        strike = self._striking.strike(fault)
        for one in self._open:
            if one.strike.part is strike.part and not one.overtaken:
                one.overtaken = True
                self._outcomes.append(Outcome(one.fault.kind, OVERTAKEN, 0.0))
        self._open.append(_Open(fault, strike))

    def _tick(self) -> None:
        if self._service.error is not None:
            raise self._service.error
        self._roles.keep()
        for one in list(self._open):
            try:
                next(one.strike.waiting)
            except StopIteration:
                self._open.remove(one)
                if not one.overtaken:
                    took = monotonic() - one.began
                    self._outcomes.append(Outcome(one.fault.kind, WENT_ON, took))

    def _state(self) -> str:
        waits = [one.fault for one in self._open]
        roles = [place.role for place in self._roles.places if not place.ready]
        return f"waiting for {waits}, not ready {roles}, {self._service.state()}"

    def _healed(self) -> bool:
        self._tick()
        return not self._open and self._roles.ready

    def _done(self) -> bool:
        self._tick()
        return self._service.answered

    # afterwards

    def looked_at(self, accounts: int, began: float) -> Told:
        """Everything at rest: the checks."""
        wrong = [*self._striking.wrong, *self._roles.ended]
        caught_up(self._processes, LONGEST)
        verified = self._processes.verb("verify")
        if verified.returncode:
            wrong.append(f"verify: {verified.stdout[-500:]}{verified.stderr[-500:]}")
        settings = kafka_settings(
            kafka_bootstrap_servers=self._servers.kafka.bootstrap_servers,
            topic_prefix=self._servers.kafka.prefix,
        )
        with closing(open_store(url_of(self._processes))) as store:
            facts = checks.read_facts(store)
            wrong += checks.invoices(facts, accounts, self._service)
            wrong += checks.executions(facts, store)
        wrong += checks.answers(facts, self._service)
        wrong += checks.topics(facts, settings)
        wrong += self._roles.end(30)
        tally = Tally(
            lives=1,
            seconds=round(monotonic() - began),
            runs=len(facts.completed),
            invoices=len(facts.numbers),
            events=facts.events,
            commands=len(self._service.sent),
            messages=self._service.messages,
            late=self._roles.late,
        )
        return Told(tally, self._outcomes, wrong)
