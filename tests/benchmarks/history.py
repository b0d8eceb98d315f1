"""What is made of history again: views, proofs, a run; and what comes in from files.

Each is the command as an operator gives it, in a process of its own, measured with its beginning.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import yaml

from aggregates.identity import text
from tests.benchmarks.bench import Bench, Finished
from tests.benchmarks.rows import Measured, Row, at_least, at_most

ROWS = 100_000
LINES = 100_000


class Done(NamedTuple):
    """A command that has ended well: what it printed, its seconds, and the most memory that it or
    a process of its own held, in MiB.
    """

    out: str
    seconds: float
    peak_mib: float

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def command(url: str, *words: str) -> Done:
    """Gives a command about a database. The program is compiled, as an installed one is."""
    program = Path(sys.executable).with_name("billstream")
    environment = {**os.environ, "BILLSTREAM_DATABASE_URL": url}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = perf_counter()
    with subprocess.Popen([program, *words], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        out = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"billstream {' '.join(words)} ended with {process.returncode}")
    return Done(out, seconds, used.ru_maxrss / 1024)


def rebuild(bench: Bench) -> Measured:
    """Every view built from the whole history."""
    large = bench.finished(bench.large)
    command(large.url, "views", "list")  # the first build, beside which the second one is made
    done = command(large.url, "views", "rebuild")
    note = f"{_events(large):,} events; {done.peak_mib:.0f} MiB"
    speed = _events(large) / done.seconds
    return Measured((at_least("rebuild of all views, events/s", speed, 40_000, note=note),))


def verify(bench: Bench) -> Measured:
    """History proved, then views too."""
    large = bench.finished(bench.large)
    command(large.url, "views", "list")
    rows: list[Row] = []
    for what, words, bar in (
        ("verify --history, events/s", ("--history",), 100_000),
        ("verify with views, events/s", (), 30_000),
    ):
        done = command(large.url, "verify", *words, "--json")
        note = f"{done.json['events']:,} events; a process held {done.peak_mib:.0f} MiB at most"
        rows.append(at_least(what, done.json["events"] / done.seconds, bar, note=note))
    return Measured(tuple(rows))


def replay(bench: Bench) -> Measured:
    """A finished run computed again and compared, event by event."""
    large = bench.finished(bench.large)
    command(large.url, "views", "list")
    done = command(large.url, "execution", "replay", text(large.execution), "--json")
    if not done.json["same"]:
        raise RuntimeError("the replay differs")
    seconds = done.json["seconds"]
    note = f"{large.accounts / seconds:,.0f} accounts/s; the run took {large.seconds:.1f} s"
    bar = large.seconds / seconds
    return Measured((at_least("replay, of the run's speed", bar, 1.0, ".2f", note),))


def customers(bench: Bench) -> Measured:
    """A customer file: an account with a package a row. The bar is that of PostgreSQL."""
    setup, file, mapping = (bench.folder / name for name in ("base.yaml", "c.csv", "map.yaml"))
    setup.write_text(_SETUP)
    mapping.write_text(_MAPPING)
    with file.open("w") as text_file:
        text_file.write("id,first,last,plan,since\n")
        for n in range(ROWS):
            text_file.write(f"C-{n:07d},Jane{n % 97},Doe{n % 1013},internet,2020-09-01\n")
    rows: list[Row] = []
    for where, url, bar in (
        ("PostgreSQL", bench.new_schema(), 20_000),
        ("SQLite", f"sqlite:///{bench.folder / 'customers.db'}", 0),
    ):
        command(url, "apply", str(setup))
        words = ("import", "customers", str(file), "--mapping", str(mapping), "--json")
        done = command(url, *words)
        note = f"{done.json['created']:,} rows in {done.seconds:.1f} s; {done.peak_mib:.0f} MiB"
        what, speed = f"import customers, {where}, accounts/s", done.json["created"] / done.seconds
        found = at_least(what, speed, bar, note=note)
        rows.append(found if bar else Row(what, f"{speed:,.0f}", note=note))
    return Measured(tuple(rows))


def setup_file(bench: Bench) -> Measured:
    """Setup files, applied: 100,000 lines, 100,000 accounts on a line each, and as JSON."""
    rows: list[Row] = []
    for what, file in (
        (f"{LINES:,} lines", _in_blocks(bench.folder / "blocks.yaml")),
        (f"{LINES:,} accounts, one a line", _on_lines(bench.folder / "lines.yaml")),
        (f"{LINES:,} accounts as JSON", _as_json(bench.folder / "accounts.json")),
    ):
        done = command(bench.new_schema(), "apply", str(file), "--json")
        rows.append(at_most(f"apply of {what}, s", done.seconds, 30, ".1f"))
        rows.append(at_most(f"memory of that apply ({what}), MiB", done.peak_mib, 300))
    return Measured(tuple(rows))


def _in_blocks(file: Path) -> Path:
    with file.open("w") as written:
        written.write(_SETUP + "accounts:\n")
        for n in range((LINES - _SETUP.count("\n")) // 8):
            written.write(_ACCOUNT.format(n=n))
    return file


def _on_lines(file: Path) -> Path:
    with file.open("w") as written:
        written.write(_SETUP + "accounts:\n")
        for n in range(LINES):
            written.write(f"  - {json.dumps(_account(n))}\n")
    return file


def _as_json(file: Path) -> Path:
    setup = yaml.load(_SETUP, yaml.BaseLoader)
    for listed in ("exchange_rates", "bill_groups", "packages", "bill_runs"):
        for entry in setup[listed]:
            entry.pop("bill_day", None)
    for number in ("start", "length"):
        setup["owner"]["invoice_numbers"][number] = int(setup["owner"]["invoice_numbers"][number])
    with file.open("w") as written:  # an account at a time: a process inherits its parent's peak
        written.write(json.dumps(setup, indent=2).removesuffix("\n}") + ',\n  "accounts": [\n')
        for n in range(LINES):
            written.write(json.dumps(_account(n), indent=2) + (",\n" if n < LINES - 1 else "\n"))
        written.write("]}\n")
    return file


def _account(n: int) -> dict[str, Any]:
    package = {"id": f"C-{n:06d}/internet", "package": "internet", "effective": "2020-09-01"}
    return {
        "number": f"C-{n:06d}",
        "name": f"Jane Doe {n}",
        "currency": "USD",
        "bill_group": "Default",
        "packages": [package],
    }


def _events(finished: Finished) -> int:
    """Four events an account."""
    return 4 * finished.accounts


_SETUP = """\
owner:
  name: Acme
  currency: USD
  currencies: [USD, EUR]
  time_zone: America/Toronto
  invoice_numbers: {prefix: INV-, start: 1, length: 6}
exchange_rates:
  - {name: October, effective: 2020-10-01, rates: {EUR: "0.85"}}
bill_groups:
  - {name: Default, bill_day: 1}
packages:
  - {code: internet, name: Internet, frequency: monthly, prices: {USD: "20.00"}, gl_code: "4000"}
bill_runs:
  - {name: Default, actions: [bill_packages, generate_invoice], bill_groups: [Default],
     exchange_rates: October}
"""
_ACCOUNT = """\
  - number: C-{n:06d}
    name: Jane Doe {n}
    currency: USD
    bill_group: Default
    packages:
      - id: C-{n:06d}/internet
        package: internet
        effective: 2020-09-01
"""
_MAPPING = """\
number: {column: id}
name: {template: "{first} {last}"}
currency: {value: USD}
bill_group: {value: Default}
packages:
  - id: {template: "{id}/internet"}
    package: {column: plan}
    effective: {column: since}
"""
