"""What a process tells of itself: counters, lags and whether it is well, in Prometheus' words."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

COUNTERS: dict[str, str] = {
    "relayed": "Events published to Kafka",
    "projected": "Events applied to views",
    "commands": "Commands that were answered",
    "dead_letters": "Messages that went to dead letters",
    "accounts_billed": "Accounts charged",
    "packages_billed": "Account-packages billed",
    "invoices_generated": "Invoices generated",
    "payments_succeeded": "Payments that the gateway charged",
    "payments_declined": "Payments that the gateway declined",
    "webhooks": "Webhooks of the gateway that were heard",
    "failures": "Invoicers that failed in a run",
    "executions": "Executions ended",
    "executions_refused": "Executions that could not be started or taken up",
    "work_refused": "Chunks that could not be billed, which are tried again",
    "retries": "Steps tried again after a fault, and work sent again",
}
"""Each is `billstream_NAME_total`."""

WINDOW = 15.0
"""Seconds over which accounts billed a second are counted."""


class Metrics:
    """Implements `consumers.role.Meter`; safe to use from threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"billstream_{name}", help, registry=self.registry)
            for name, help in COUNTERS.items()
        }
        self._events = self._gauge("lag_events", "Events a consumer is behind", "consumer")
        self._seconds = self._gauge("lag_seconds", "Seconds a consumer is behind", "consumer")
        self._up = self._gauge("role_ready", "1 while the last step of a role went well", "role")
        rate = Gauge(
            "billstream_accounts_billed_per_second",
            f"Accounts charged a second, over the last {WINDOW:.0f} seconds",
            registry=self.registry,
        )
        self._rate = Rate()
        rate.set_function(self._rate.now)

    def add(self, name: str, amount: float = 1) -> None:
        if amount:
            self._counters[name].inc(amount)
        if name == "accounts_billed":
            self._rate.add(amount)

    def lag(self, role: str, events: int, seconds: float) -> None:
        self._events.labels(role).set(events)
        self._seconds.labels(role).set(seconds)

    def ready(self, role: str, is_ready: bool) -> None:
        """Whether a role's last step went well."""
        self._up.labels(role).set(int(is_ready))

    def shown(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help: str, label: str) -> Gauge:
        return Gauge(f"billstream_{name}", help, [label], registry=self.registry)


class Rate:
    """How much came a second, of late."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._came: deque[tuple[float, float]] = deque()
        self._lock = Lock()

    def add(self, amount: float) -> None:
        with self._lock:
            self._came.append((self._clock(), amount))

    def now(self) -> float:
        """Over the window that ends now."""
        with self._lock:
            since = self._clock() - WINDOW
            while self._came and self._came[0][0] < since:
                self._came.popleft()
            return sum(amount for _, amount in self._came) / WINDOW
