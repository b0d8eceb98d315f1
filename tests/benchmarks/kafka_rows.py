"""The rows of the report that need a Kafka: a run until views show all of it, on the same cores."""

from aggregates.refusal import Refusal
from tests.benchmarks.bench import Bench
from tests.benchmarks.kafka_owner import servers
from tests.benchmarks.kafka_spread import Drained, measure_drained
from tests.benchmarks.rows import Measured, Missing, at_least, at_most


def relay_to_views(bench: Bench) -> Measured:
    """Two workers bill while a relay publishes and a projector follows, beside a broker and a
    PostgreSQL of their own.
    """
    bench.tell("workers, relay, broker and projector together")
    try:
        with servers() as on:
            found = measure_drained(on)
    except Refusal as refusal:
        if refusal.code != "stack_part_missing":
            raise
        raise Missing(refusal.sentence) from None
    note = f"{found.events:,} events; the run {found.run:.1f} s, views {found.projected:.1f} s"
    return Measured(
        (
            at_least("relay → Kafka → views, events/s", found.per_second, 15_000, note=note),
            at_most("lag at zero, times the run", found.times_run, 3, ".2f", _shares(found)),
        )
    )


def _shares(found: Drained) -> str:
    """Who used the processor, the greediest first."""
    used = sorted(found.used.items(), key=lambda one: -one[1])
    told = " · ".join(f"{who} {seconds / found.events * 1e6:.0f}" for who, seconds in used)
    return f"processor, µs an event: {told}"
