"""docs/benchmarks.md: what was measured, beside its bar, and how to measure it again."""

from collections.abc import Sequence
from typing import Any

Part = dict[str, Any]
"""What a measurement found: `rows`, `plots` and the `machine`."""

_HEAD = """# Benchmarks

Written by `make bench-report`. Every ratio is of two figures of one run on one machine; figures in
accounts or events a second are this machine's.

Machine: {machine}. PostgreSQL is durable (`fsync` and `synchronous_commit` on) and runs on the
same cores as the program.

| what | here | bar | | made of |
|---|---:|---:|---|---|
"""

_FULL = """
## With ten million events

The same, `--full`, of 2,500,000 accounts. Machine: {machine}.

| what | here | bar | | made of |
|---|---:|---:|---|---|
"""

_TAIL = """
## Measure it again
```
make bench-report                                    # about ten minutes, a server of its own
.venv/bin/python -m tests.benchmarks report --full   # ten million events where this page has one
.venv/bin/python -m tests.benchmarks report --database postgresql://USER@HOST/DATABASE
.venv/bin/python -m tests.benchmarks report --only complete_run,more_workers
```
With `--database` the rows are measured on a server of yours, in schemas that are dropped
afterwards. `--only` measures some rows and leaves the others as they were.

## What is measured
- **Complete run**: from the list of what is due over charges, invoices, numbers and the hash chain
  to state rows and the record of the run's end; each chunk one transaction. Raw `COPY` is every
  row that run wrote (events, commits, state rows), packed beforehand, copied into the same tables
  with the same indexes in the same number of transactions by one connection.
- **Workers**: `--workers N`, each run bills the next month of the same accounts.
- **Relay → Kafka → views**: two workers bill 60,000 accounts while a relay publishes what they
  write and a projector brings it into views; relay, broker, projector, workers and a PostgreSQL
  share the cores. Counted from the order of the run until views show its last event.
- **Growth**: the large run beside the median of small ones before and after it, for the machine
  may be slower a few minutes later. Tables are vacuumed before each run, as autovacuum keeps them.
- **Embedded**: run and views of one file, by the processes that `billstream` starts for it: one
  bills, and where there is a second core another makes the views meanwhile.
- **History**: month after month over the same accounts; each of the last five beside the first
  month of fresh ones, in turn, and what is in the middle.
- **Money owed**: every account has a card with auto pay, an AR term and a contract; the run does
  dunning, contract terms and collects payment. An ordinary month finds last month's cards charged
  and commitments of a year, of which no period ends. At worst nobody has paid, so every account has
  an open invoice and a payment pending, and every commitment is settled monthly. Each beside the
  plain run of as many, in turn; the middle of five pairs.
- **The naive way**: aggregates of the eventsourcing library as documented, loaded and saved one by
  one. It has no numbers, no chain and no prices, and is what the shape is compared with. It also
  tells how fast the machine was meanwhile: one that is shared may be a third slower an hour later,
  and then all figures a second are, while ratios stay.
"""


def page(parts: Sequence[Part], full: Sequence[Part] = ()) -> str:
    """The whole page. `full` is what was measured over ten million events."""
    plots = [
        f"![{plot['title']}](benchmarks/{plot['name']}.svg)"
        for part in parts
        for plot in part["plots"]
    ]
    more = _table(_FULL, full) if full else ""
    return _table(_HEAD, parts) + "\n" + "\n\n".join(plots) + "\n" + more + _TAIL


def _table(head: str, parts: Sequence[Part]) -> str:
    machines = dict.fromkeys(part["machine"] for part in parts)
    rows = [_row(row) for part in parts for row in part["rows"]]
    return head.format(machine="; ".join(machines)) + "\n".join(rows) + "\n"


def _row(row: dict[str, Any]) -> str:
    mark = {True: "reached", False: "**missed**", None: ""}[row["reached"]]
    return f"| {row['what']} | {row['figure']} | {row['bar']} | {mark} | {row['note']} |"
