"""A service of its own that keeps bill runs coming, by topic: every month of every account, once.

It knows nothing but the topics. It sends again what it sent before, and in another order than it
should; it counts what it is told.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from kafka import KafkaConsumer, KafkaProducer

from tests.kafka.senders import SCHEDULE, body, headers

AT_ONCE = 4
"""Runs that are asked for and not ended."""

FIRST = date(2000, 2, 1)


class Sent:
    """A command as it was sent; `month` is what it bills, None when nothing is to come of it."""

    def __init__(self, number: int, month: int | None) -> None:
        self.id = f"command-{number}"
        self.month = month
        asked = body(requested_by="chaos", catch_up="all", billing_period=_period(month or 0))
        if month is None:
            asked["bill_run"] = "No such run"
        self.value = json.dumps(asked).encode()


def _period(month: int) -> dict[str, str]:
    start = _first_of(month)
    end = _first_of(month + 1) - timedelta(days=1)
    return {"start": start.isoformat(), "end": end.isoformat()}


def _first_of(month: int) -> date:
    """The first day of the month so many months after the first."""
    years, index = divmod(FIRST.month - 1 + month, 12)
    return date(FIRST.year + years, index + 1, 1)


class Order:
    """Messages that are to be sent out of turn."""

    def __init__(self, what: Callable[[], list[Sent]]) -> None:
        self.what = what
        self.futures: list[Any] | None = None

    def begin(self) -> bool:
        """True the first time."""
        return self.futures is None

    def is_over(self) -> bool:
        """All of it is with the broker."""
        return self.futures is not None and all(one.is_done for one in self.futures)


class Service(threading.Thread):
    """Sends until it is told to `rest`; reads until it is told to `end`."""

    def __init__(self, bootstrap: str, prefix: str, seed: int) -> None:
        super().__init__(name="service", daemon=True)
        self._prefix = prefix
        self._chance = random.Random(seed)
        self._brokers = bootstrap
        self._months = 0
        self._orders: list[Order] = []
        self._resting, self._ending = threading.Event(), threading.Event()
        self._futures: dict[Any, Sent] = {}
        self.sent: list[Sent] = []
        self.messages = 0
        self.replies: Counter[str] = Counter()
        self.statuses: dict[str, str] = {}
        self.ended: set[str] = set()
        self.error: BaseException | None = None

    def duplicate(self) -> Order:
        """Sends some of the last commands once more."""
        return self._ordered(self._some_again)

    def reorder(self) -> Order:
        """Sends the next months in a wrong order, with a wrong command and repeats between."""
        return self._ordered(self._shuffled)

    def _ordered(self, what: Callable[[], list[Sent]]) -> Order:
        self._orders.append(Order(what))
        return self._orders[-1]

    @property
    def last_month(self) -> int:
        """The number of months that were asked for."""
        return self._months

    @property
    def answered(self) -> bool:
        """Every command that was sent has a reply, and every run that was accepted has ended."""
        accepted = sum(1 for status in self.statuses.values() if status == "accepted")
        return (
            not self._orders
            and len(self.statuses) == len(self.sent)
            and len(self.ended) == accepted
        )

    def state(self) -> str:
        """For whoever waits in vain."""
        return f"{len(self.sent)} sent, {len(self.statuses)} answered, {len(self.ended)} runs ended"

    def rest(self) -> None:
        self._resting.set()

    def end(self) -> None:
        self._ending.set()
        if self.ident is not None:
            self.join(30)

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def _work(self) -> None:
        common: dict[str, Any] = {
            "bootstrap_servers": self._brokers,
            "reconnect_backoff_max_ms": 500,
        }
        producer = KafkaProducer(**common, delivery_timeout_ms=120_000, linger_ms=0)
        consumer = KafkaConsumer(
            f"{self._prefix}.replies",
            f"{self._prefix}.bill-runs",
            **common,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        try:
            while not self._ending.is_set():
                self._send(producer)
                for records in consumer.poll(timeout_ms=100).values():
                    for record in records:
                        self._hear(record)
        finally:
            with suppress(Exception):
                consumer.close(autocommit=False)
            with suppress(Exception):
                producer.close(timeout=1)

    def _send(self, producer: KafkaProducer) -> None:
        for future in [one for one in self._futures if one.is_done]:
            sent = self._futures.pop(future)
            if future.failed():
                self._give(producer, sent)
        for order in list(self._orders):
            if order.begin():
                order.futures = [self._give(producer, sent) for sent in order.what()]
            elif order.is_over():
                self._orders.remove(order)
        if not self._resting.is_set() and self._open < AT_ONCE:
            self._give(producer, self._new(wrong=self._chance.random() < 0.1))

    @property
    def _open(self) -> int:
        expected = sum(1 for one in self.sent if one.month is not None)
        return expected - len(self.ended)

    def _new(self, wrong: bool = False) -> Sent:
        month = None
        if not wrong:
            month, self._months = self._months, self._months + 1
        self.sent.append(Sent(len(self.sent), month))
        return self.sent[-1]

    def _some_again(self) -> list[Sent]:
        return self._chance.choices(self.sent[-20:], k=3) if self.sent else []

    def _shuffled(self) -> list[Sent]:
        some = [self._new(), self._new(), self._new(wrong=True)]
        some.reverse()
        return some + self._some_again()

    def _give(self, producer: KafkaProducer, sent: Sent) -> Any:
        self.messages += 1
        key = self._chance.randbytes(4)
        pairs = headers(sent.id, SCHEDULE, source="chaos")
        future = producer.send(f"{self._prefix}.commands", sent.value, key, pairs)
        self._futures[future] = sent
        return future

    def _hear(self, record: Any) -> None:
        above = dict(record.headers)
        if record.topic.endswith(".replies"):
            reply = json.loads(record.value)
            self.replies[reply["id"]] += 1
            self.statuses[reply["id"]] = reply["status"]
        elif above["ce_type"] == b"billstream.execution.completed.v1":
            self.ended.add(above["ce_id"].decode())


def bill_dates(months: int) -> list[date]:
    """The bill dates that so many months of asking bring."""
    return [_first_of(month) for month in range(months)]
