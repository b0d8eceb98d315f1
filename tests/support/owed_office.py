"""An office without a broker: commands are answered at once, runs end before it goes on."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from commands import firing
from commands.answering import answer
from commands.catalogue import BY_NAME, Request
from commands.corrections.reversing import carry_on
from commands.message import DIRECT
from consumers.collecting import Collector
from consumers.worker import run_execution
from infra import personal_keys
from infra.gateway.payment_intents import PaymentIntents
from infra.gateway.webhooks import Webhooks
from infra.run.metrics import Metrics
from infra.store.open import open_store
from infra.store.owned import OwnedStore
from tests.support.gateway import Served, gateway_server
from tests.support.owed_life import CLOCK, Answered

SECRET = "whsec_test"


class Direct:
    """One process does everything. Each command is asked twice, and does once. Webhooks come to
    `address`, a URL with its secrets.
    """

    def __init__(self, store: OwnedStore, gateway: Served, address: str) -> None:
        self.store = store
        self.gateway = gateway
        self.address = address
        self.asked: int = 0

    @property
    def commands(self) -> OwnedStore:
        """The store as who takes commands has it; the same for who asks the gateway."""
        return self.store

    @property
    def collector(self) -> OwnedStore:
        return self.store

    def ask(self, name: str, body: Mapping[str, Any]) -> Answered:
        self.asked += 1
        message = BY_NAME[name].message.model_validate(body)
        request = Request(BY_NAME[name], message, "crm", str(self.asked), DIRECT)
        first = answer(self.commands, request, personal_keys)
        head = self.store.head
        again = answer(self.commands, request, personal_keys)
        assert (again.event, again.repeated, first.repeated) == (first.event, True, False)
        assert self.store.head == head
        return first.event

    def work(self) -> None:
        now = self.store.now()
        while (due := firing.next_due(self.store)) is not None and due.at <= now:
            fired = firing.fire(self.store, due.schedule, now)
            assert fired is not None
            assert fired.execution is not None
            run_execution(self.store, fired.execution)
        with self.store.snapshot() as reading:
            left = firing.unfinished(reading)
        for execution in left:
            run_execution(self.store, execution)
        carry_on(self.store)

    def collect(self) -> None:
        asking = PaymentIntents(self.gateway.url, "sk_test", 5.0)
        collector = Collector(self.collector, asking, personal_keys, patience=0)
        try:
            while collector.look():
                pass
        finally:
            collector.close()

    def hear(self, type: str, about: Mapping[str, Any], id: str) -> None:
        """A webhook with a right signature is heard, one with a wrong one is not."""
        body = self.gateway.webhook(type, dict(about), id)
        door = Webhooks(self.address, Metrics())
        wrong = self.gateway.signed("whsec_other", body, time.time())
        assert door.answer(wrong, body)[0] == 400
        right = self.gateway.signed(SECRET, body, time.time())
        assert door.answer(right, body) == (200, b'{"heard": true}')


@contextmanager
def opened(url: str) -> Generator[OwnedStore]:
    """A sandbox at the beginning of the month."""
    store = open_store(url, create=True, sandbox_clock=CLOCK)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def served() -> Generator[Served]:
    """A gateway, and the settings by which webhooks find it."""
    with gateway_server() as gateway, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BILLSTREAM_GATEWAY_URL", gateway.url)
        patch.setenv("BILLSTREAM_GATEWAY_KEY", "sk_test")
        patch.setenv("BILLSTREAM_GATEWAY_WEBHOOK_SECRET", SECRET)
        yield gateway
