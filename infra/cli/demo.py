"""`billstream demo`: bill runs happen before your eyes, with the commands that made them."""

import json
import sys
import tempfile
from contextlib import redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from infra.cli.options import example

DATA = Path(__file__).resolve().parent.parent / "data"
MONTHS = 12


@click.command(
    epilog=example(
        "billstream demo",
        "billstream demo --folder my-demo",
        "billstream demo --database postgresql://localhost/billing?schema=demo",
    )
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where to put the two databases; else a new temporary folder.",
)
@click.option(
    "--database",
    metavar="URL",
    default=None,
    help="A PostgreSQL instead: two schemas are made, NAME_small and NAME_telco.",
)
def demo(folder: Path | None, database: str | None) -> None:
    """Watch bill runs happen: a small one step by step, then 7,043 customers for twelve months."""
    if database is not None:
        if folder is not None or not database.startswith("postgres"):
            raise click.UsageError("--database names a PostgreSQL; files have a --folder")
        _small(Shell(_schema(database, "small")))
        _telco(Shell(_schema(database, "telco")))
        return
    place = folder or Path(tempfile.mkdtemp(prefix="billstream-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    _small(Shell(f"sqlite:///{place / 'small.db'}"))
    _telco(Shell(f"sqlite:///{place / 'telco.db'}"))


def _schema(url: str, ending: str) -> str:
    """The URL with a schema of the demo's own: its name with an ending."""
    from infra.postgres.address import parse

    address = parse(url)
    joined = "&" if "?" in address.conninfo else "?"
    return f"{address.conninfo}{joined}schema={address.schema}_{ending}"


class Shell:
    """Types commands for the reader and runs them, on a database of its own."""

    def __init__(self, url: str) -> None:
        from aggregates.refusal import Refusal
        from infra.store.open import is_there

        self.shown = url if url.startswith("sqlite:") else _shown(url)
        if is_there(url):
            raise Refusal(
                "demo_exists",
                f"{self.shown} is there already: name another place with --folder or --database",
            )
        self.url = url

    def heading(self, text: str) -> None:
        print(f"\n{text}\n{'=' * len(text)}", flush=True)

    def say(self, text: str) -> None:
        print(f"\n# {text}", flush=True)

    def type(self, *words: str) -> None:
        """Shows a command and what it prints."""
        print(f"\n$ billstream {' '.join(_quoted(word) for word in words)}", flush=True)
        self._run(*words)

    def read(self, *words: str) -> Any:
        """The JSON document of a reading verb, unseen."""
        printed = StringIO()
        with redirect_stdout(printed):
            self._run(*words, "--json")
        return json.loads(printed.getvalue())

    def _run(self, *words: str) -> None:
        from infra.cli.main import run

        status = run([*words, "--database", self.url])
        sys.stdout.flush()
        if status:
            raise SystemExit(status)


def _shown(url: str) -> str:
    """Without its password."""
    from infra.postgres.address import parse

    return parse(url).shown


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or ";" in word else word


def _small(shell: Shell) -> None:
    october = ("--period-start", "2020-10-01", "--period-end", "2020-10-31")
    november = ("--period-start", "2020-11-01", "--period-end", "2020-11-30")
    setup = str(DATA / "demo" / "setup.yaml")
    shell.heading("A bill run, step by step")
    shell.say("A sandbox has a clock of its own. It is 1 October 2020 in Toronto.")
    shell.type("init", "--sandbox", "--clock", "2020-10-01T09:00:00-04:00")
    shell.say("Rates, a bill group, packages, a parent in EUR, its child in USD, a bill run.")
    shell.type("apply", setup)
    shell.type("exchange-rates", "list")
    shell.type("bill-group", "list")
    shell.type("bill-run", "list")
    shell.type("account", "search", "child")
    shell.type("account-package", "list", "--account", "C-1")
    shell.say("A one-time schedule for October. Only what is due in October will be billed.")
    shell.type("bill-run", "schedule", "Default", "--at", "2020-10-05T02:00", *october)
    shell.type("bill-run", "scheduled")
    shell.say("What would it bill? The same code answers, and writes nothing.")
    shell.type("bill-run", "preview", "Default", *october)
    shell.say("Four days later.")
    shell.type("clock", "advance", "--to", "2020-10-05T09:00:00-04:00")
    shell.type("bill-run", "completed")
    shell.say("The next bill date has moved on by a month; the other package was not due.")
    shell.type("account-package", "list", "--account", "C-1")
    shell.say("20.00 USD of the child are 17.00 EUR on the parent's invoice.")
    shell.type("invoice", "list", "--account", "P-1")
    shell.type("invoice", "show", "INV-007854")
    shell.type("explain", "INV-007854", "1")
    shell.heading("One account, billed by itself")
    shell.type("clock", "advance", "--to", "2020-11-02T09:00:00-05:00")
    shell.type("account", "bill", "C-1", "--bill-run", "Default", "--now", *november)
    shell.type("account-package", "list", "--account", "C-1")
    shell.say("Premium Support began on 4 October: 28 of 31 days are charged.")
    shell.type("invoice", "show", "INV-007855")
    shell.say("Was it right? Every event, hash, number, state and view is checked.")
    shell.type("verify")


def _telco(shell: Shell) -> None:
    telco = DATA / "telco"
    csv = telco / "telco-customers.csv"
    shell.heading("7,043 customers for twelve months")
    shell.type("init", "--sandbox", "--clock", "2023-01-01T09:00:00Z")
    shell.type("apply", str(telco / "setup.yaml"))
    shell.type("import", "customers", str(csv), "--mapping", str(telco / "mapping.yaml"))
    expected = _monthly_charges(csv)
    run = shell.read("bill-run", "list")[0]["name"]
    print(
        f"\n# Twelve monthly runs of {run!r}; a month's charges in the file are {expected} USD.\n"
    )
    print("month        customers    invoices       total USD     as in the file   accounts/s")
    billed, began = 0, perf_counter()
    for month in range(1, MONTHS + 1):
        billed += _month(shell, run, month, expected)
    seconds = perf_counter() - began
    print(f"\n{billed:,} packages billed and listed in {seconds:.1f} s.")
    shell.type("verify")
    last = shell.read("bill-run", "completed")[0]["id"]
    shell.say("The last month again, from history as it was read then, compared byte for byte.")
    shell.type("execution", "replay", last[:8])
    print(f"\nThe databases are yours to explore:\n  {shell.shown}")
    print(f"  billstream invoice list --database '{shell.shown}' | head")


def _month(shell: Shell, run: str, month: int, expected: Decimal) -> int:
    """Advances the clock to the month's first bill date and bills it."""
    start, end = _period(month)
    shell.read("clock", "advance", "--to", f"{start}T06:00:00Z")
    began = perf_counter()
    words = ("--now", "--period-start", start, "--period-end", end)
    found = shell.read("bill-run", "schedule", run, *words)["execution"]
    seconds = perf_counter() - began
    count = int(found["packages_billed"])
    total = Decimal(found["totals"]["USD"])
    same = "equal" if total == expected else f"differs by {total - expected}"
    print(
        f"{start[:7]}  {count:12,} {found['invoices_generated']:11,} {total:15,.2f}  "
        f"{same:>17} {count / seconds:12,.0f}",
        flush=True,
    )
    return count


def _period(month: int) -> tuple[str, str]:
    """The month after `month` of 2023, which bills that month in arrears."""
    from calendar import monthrange

    year, number = divmod(2023 * 12 + month, 12)
    last = monthrange(year, number + 1)[1]
    return f"{year}-{number + 1:02d}-01", f"{year}-{number + 1:02d}-{last:02d}"


def _monthly_charges(path: Path) -> Decimal:
    """The sum of the customers' monthly charges, straight from the file."""
    import csv

    with path.open(newline="", encoding="utf-8") as file:
        return sum((Decimal(row["MonthlyCharges"]) for row in csv.DictReader(file)), Decimal(0))
