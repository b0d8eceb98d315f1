"""`billstream import customers FILE --mapping FILE`: accounts and packages from CSV."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from infra.cli.changing import Asking, changing
from infra.cli.options import example

if TYPE_CHECKING:
    from commands.customer_import import Imported, Reject
    from commands.message import Command
    from infra.importing import Helpers

SOME_REJECTED = 3
"""The exit status when rows were set aside: it completed, with failures."""


@click.command(
    epilog=example(
        "billstream import customers customers.csv --mapping mapping.yaml",
        "billstream import customers customers.csv --mapping mapping.yaml --strict",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", required=True, type=click.Path(path_type=Path), help="What gives what.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    default=None,
    help="Where rows that cannot be imported go; else FILE.rejects.csv.",
)
@click.option("--strict", is_flag=True, help="Import nothing if any row cannot be imported.")
@changing
def customers(file: Path, mapping: Path, rejects: Path | None, strict: bool, asking: Asking) -> int:
    """Import the customers in FILE (CSV) as the mapping says.

    Rows that cannot be imported go to a file of their own, with line and reason; the others are
    imported (exit status 3 then). The same file again changes nothing.
    """
    from infra.importing import helpers
    from infra.settings import settings

    address = asking.database or settings().database_url
    with helpers(address, 0 if strict else _size(file)) as others:
        return _import(file, mapping, rejects, strict, asking, others)


def _import(
    file: Path,
    mapping: Path,
    rejects: Path | None,
    strict: bool,
    asking: Asking,
    others: "Helpers",
) -> int:
    from commands.customer_file import CustomerFile
    from commands.customer_import import import_customers
    from commands.customer_mapping import read_mapping
    from infra import personal_keys
    from infra.cli.output import progress
    from infra.composition import open_app

    meaning = _bytes(mapping)
    found = read_mapping(str(mapping), meaning)
    rejects = _set_aside(rejects, file, mapping, asking.database)
    with (
        _open(file, found.csv.encoding) as text,
        _Rejects(rejects) as aside,
        open_app(asking.database) as app,
    ):
        source = CustomerFile(str(file), found, text)
        aside.begin(source.header, found.csv.delimiter)
        with progress("Importing", source.rows, "rows") as report:
            imported = import_customers(
                app.store,
                source,
                personal_keys,
                command=_command(file, meaning, strict, asking),
                strict=strict,
                rejected=aside.add,
                progress=report,
                spread=others.of(app.store),
            )
    _show(imported, aside.path, asking.as_json)
    return SOME_REJECTED if imported.rejected else 0


def _command(file: Path, mapping: bytes, strict: bool, asking: Asking) -> "Command":
    """The same file under the same mapping is the same command."""
    from hashlib import sha256
    from uuid import uuid4

    from commands.message import Command
    from infra.settings import settings

    body = {"file": _hash(file), "mapping": sha256(mapping).hexdigest(), "strict": strict}
    id = asking.command_id or str(uuid4())
    requested_by = asking.requested_by or settings().requested_by
    return Command("import_customers", "cli", id, body, requested_by)


class _Rejects:
    """The file of rows set aside: made with the first of them, so that it can be corrected and
    imported again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header: list[str] = []
        self._delimiter = ","
        self._file: TextIO | None = None
        self._write: Callable[[list[str]], object] = lambda cells: None

    def begin(self, header: list[str], delimiter: str) -> None:
        self._header, self._delimiter = header, delimiter

    def add(self, reject: "Reject") -> None:
        if self._file is None:
            self._file = self._begun()
        missing = [""] * (len(self._header) - len(reject.line.cells))
        why = [str(reject.line.number), reject.code, reject.reason]
        self._write([*reject.line.cells, *missing, *why])

    def _begun(self) -> TextIO:
        import csv

        file = self.path.open("w", encoding="utf-8", newline="")
        self._write = csv.writer(file, delimiter=self._delimiter).writerow
        self._write([*self._header, "rejected_line", "rejected_code", "rejected_reason"])
        return file

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _set_aside(named: Path | None, file: Path, mapping: Path, database: str | None) -> Path:
    """Where rejected rows go. Refused, before any row is imported, when they would overwrite what
    is read or cannot be written at all.
    """
    from aggregates.refusal import Refusal
    from infra.settings import settings
    from infra.store.connect import path_of
    from infra.store.open import is_file

    rejects = named or file.with_name(file.name.removesuffix(".csv") + ".rejects.csv")
    read = [file, mapping]
    url = database or settings().database_url
    if is_file(url):
        path = path_of(url)
        read += [path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))]
    if rejects.resolve() in {other.resolve() for other in read}:
        raise Refusal(
            "rejects_overwrite",
            f"rejected rows would overwrite {rejects}: name another file with --rejects",
        )
    if rejects.exists():
        can_be_written = rejects.is_file() and os.access(rejects, os.W_OK)
    else:
        can_be_written = os.access(rejects.parent, os.W_OK)
    if not can_be_written:
        raise Refusal(
            "rejects_unwritable",
            f"rejected rows cannot be written to {rejects}: name another file with --rejects",
        )
    return rejects


def _open(file: Path, encoding: str) -> TextIO:
    from aggregates.refusal import Refusal

    utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    try:
        return file.open(encoding="utf-8-sig" if utf8 else encoding, newline="")
    except (LookupError, ValueError):
        raise Refusal(
            "encoding_unknown", f"there is no encoding {encoding!r}: use utf-8 or latin-1"
        ) from None
    except OSError as error:
        raise _unreadable(file, error) from None


def _size(file: Path) -> int:
    """0 of a file that is not there: that is told later."""
    return file.stat().st_size if file.is_file() else 0


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError) -> Exception:
    from aggregates.refusal import Refusal

    return Refusal("file_unreadable", f"{file} cannot be read ({error.strerror}): name another")


def _hash(file: Path) -> str:
    from hashlib import file_digest

    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _show(imported: "Imported", rejects: Path, as_json: bool) -> None:
    from infra.cli.output import counted, print_json, say

    aside = str(rejects) if imported.rejected else None
    if as_json:
        print_json(
            {
                "rows": imported.rows,
                "created": imported.created,
                "changed": imported.changed,
                "unchanged": imported.unchanged,
                "rejected": imported.rejected,
                "rejects": aside,
            }
        )
        return
    say(
        f"{counted(imported.rows, 'row')}: {imported.created:,} created, "
        f"{imported.changed:,} changed, {imported.unchanged:,} unchanged, "
        f"{imported.rejected:,} rejected."
    )
    if aside is not None:
        say(f"The rejected rows are in {aside}, each with its line and reason.")
