"""`make bench-kafka`: what goes over Kafka, each figure beside its bar. Words name single parts."""

import sys
from collections.abc import Callable

from tests.benchmarks import (
    kafka_latency,
    kafka_projector,
    kafka_relay,
    kafka_spread,
)
from tests.benchmarks.kafka_owner import Servers, servers

Line = tuple[str, str, str]
"""What, our figure, the bar."""


def _relay(on: Servers) -> list[Line]:
    found = kafka_relay.measure(on)
    return [
        ("relay, events a second", f"{found.per_second:,.0f}", "at least 15,000"),
        ("  as a part of a bare producer's", f"{found.ratio:.2f}", "at least 0.30"),
        ("  events per second of its processor", f"{found.events / found.relay.cpu:,.0f}", ""),
        ("  bytes of an event, headers included", f"{found.bytes / found.events:,.0f}", ""),
    ]


def _projector(on: Servers) -> list[Line]:
    found = kafka_projector.measure(on)
    return [
        ("projector, events a second", f"{found.per_second:,.0f}", "at least 10,000"),
        ("  events per second of its processor", f"{found.per_cpu_second:,.0f}", ""),
    ]


def _latency(on: Servers) -> list[Line]:
    found = kafka_latency.measure(on)
    return [
        ("command to visible row, median, ms", f"{found.median * 1000:.0f}", "under 300"),
        ("  p99, ms", f"{found.p99 * 1000:.0f}", "under 1,000"),
        ("  longest, ms", f"{max(found.seconds) * 1000:.0f}", ""),
    ]


def _workers(on: Servers) -> list[Line]:
    found = kafka_spread.measure_workers(on)
    rates = " · ".join(f"{found.accounts / took:,.0f}" for took in found.seconds.values())
    return [
        ("one worker · two, accounts a second", rates, ""),
        ("  two workers : one", f"{found.gain:.2f}", "at least 1.40"),
    ]


def _drain(on: Servers) -> list[Line]:
    found = kafka_spread.measure_drained(on)
    return [
        (
            "run, relay and projector, events a second",
            f"{found.per_second:,.0f}",
            "at least 15,000",
        ),
        ("  the run, seconds", f"{found.run:.1f}", ""),
        ("  until views show all, times the run", f"{found.times_run:.2f}", "at most 3.00"),
        *(
            (f"  processor, µs an event: {who}", f"{used / found.events * 1e6:.1f}", "")
            for who, used in sorted(found.used.items(), key=lambda one: -one[1])
        ),
    ]


PARTS: dict[str, Callable[[Servers], list[Line]]] = {
    "relay": _relay,
    "projector": _projector,
    "latency": _latency,
    "workers": _workers,
    "drain": _drain,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if strange := [word for word in wanted if word not in PARTS]:
        raise SystemExit(f"no part {strange[0]!r}: take {', '.join(PARTS)}")
    print("Over Kafka, on one machine with its broker and its PostgreSQL, durable", flush=True)
    with servers() as on:
        for part in wanted:
            for what, figure, bar in PARTS[part](on):
                print(f"{what:<44} {figure:>16}   {bar}", flush=True)


if __name__ == "__main__":
    main()
