"""A small world for tests: a sandbox in a folder, spoken to as an operator or a program would."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from infra.cli.errors import guarded
from infra.cli.main import run


class Answer:
    """What a command line gave: exit status and both outputs."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class World:
    """Runs command lines against one database, a file unless a URL says otherwise, in this
    process.
    """

    def __init__(
        self, folder: Path, clock: str = "2020-10-05T09:00:00Z", url: str | None = None
    ) -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'billstream.db'}"
        self.must("init", "--sandbox", "--clock", clock)

    @property
    def path(self) -> Path:
        """The file of the database."""
        return Path(self.url.removeprefix("sqlite:///"))

    def ask(self, *words: str) -> Answer:
        """A command line, whatever comes of it."""
        out, err = io.StringIO(), io.StringIO()
        line = [*words, "--database", self.url]
        with redirect_stdout(out), redirect_stderr(err):
            status = guarded(line, lambda: run(line))
        return Answer(status, out.getvalue(), err.getvalue())

    def must(self, *words: str, status: int = 0) -> Answer:
        """A command line that has to end with `status`."""
        answer = self.ask(*words)
        assert answer.status == status, f"{words}: {answer.status}\n{answer.out}\n{answer.err}"
        return answer

    def read(self, *words: str) -> Any:
        """The JSON document of a reading verb."""
        return self.must(*words, "--json").json

    def refused(self, *words: str) -> str:
        """The code with which a command line is refused."""
        answer = self.ask(*words)
        assert answer.status == 1, f"{words}: {answer.status}\n{answer.out}\n{answer.err}"
        assert answer.err.startswith("error: "), answer.err
        return answer.err.split(":")[1].strip()

    def apply(self, setup: dict[str, Any]) -> None:
        """Applies a setup given as plain values."""
        path = self.folder / "setup.yaml"
        path.write_text(yaml.safe_dump(setup, sort_keys=False))
        self.must("apply", str(path))

    def bill(self, start: str, end: str, *more: str, run: str = "Default", status: int = 0) -> str:
        """Runs a bill run now, to its end; the execution's id."""
        words = ("bill-run", "schedule", run, "--now", "--period-start", start)
        before = {found["id"] for found in self.read("bill-run", "completed")}
        self.must(*words, "--period-end", end, *more, status=status)
        after = [found["id"] for found in self.read("bill-run", "completed")]
        (new,) = [id for id in after if id not in before]
        return str(new)

    def preview(self, start: str, end: str, *more: str, run: str = "Default") -> Any:
        """The run as it would be now."""
        words = ("bill-run", "preview", run, "--period-start", start, "--period-end", end)
        return self.read(*words, *more)

    def next_bill_date(self, ref: str) -> str | None:
        """The next bill date of an account-package."""
        found: str | None = self.read("account-package", "show", ref)["next_bill_date"]
        return found

    def invoices(self, *more: str) -> list[Any]:
        """Invoices with their lines, in the order of their numbers."""
        text = self.must("invoice", "export", "--format", "jsonl", *more).out
        return [json.loads(line) for line in text.splitlines()]

    def totals(self) -> list[str]:
        """The totals of all invoices, in the order of their numbers."""
        return [invoice["total"] for invoice in self.invoices()]


def base(**more: Any) -> dict[str, Any]:
    """A small setup: USD and EUR, one group with bill day 1, one internet package, one run. Keys
    given replace its sections.
    """
    setup: dict[str, Any] = {
        "owner": {
            "name": "Acme Telecom",
            "currency": "USD",
            "currencies": ["USD", "EUR"],
            "time_zone": "America/Toronto",
            "invoice_numbers": {"prefix": "INV-", "start": 7854, "length": 6},
        },
        "exchange_rates": [
            {"name": "October 2020", "effective": "2020-10-01", "rates": {"EUR": "0.85"}}
        ],
        "bill_groups": [{"name": "Default Bill Group", "bill_day": 1, "payment_term": "net 20"}],
        "packages": [
            {
                "code": "internet",
                "name": "Internet 100",
                "frequency": "monthly",
                "prices": {"USD": "20.00", "EUR": "18.00"},
                "gl_code": "4000",
            }
        ],
        "bill_runs": [
            {
                "name": "Default",
                "actions": ["bill_packages", "generate_invoice"],
                "bill_groups": ["Default Bill Group"],
                "exchange_rates": "October 2020",
            }
        ],
    }
    setup.update(more)
    return setup


def account(number: str, *packages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An account of the base setup's group, in USD."""
    found: dict[str, Any] = {
        "number": number,
        "name": f"{number} Ltd",
        "currency": "USD",
        "bill_group": "Default Bill Group",
    }
    found.update(more)
    if packages:
        found["packages"] = list(packages)
    return found


def package(id: str, effective: str, code: str = "internet", **more: Any) -> dict[str, Any]:
    """An account-package."""
    return {"id": id, "package": code, "effective": effective, **more}
