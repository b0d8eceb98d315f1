"""`billstream apply FILE…`: make the setup as files say it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.options import command_options, database_option, example, json_option

if TYPE_CHECKING:
    from commands.handling import Outcome
    from commands.setup_file import SetupFile
    from commands.setup_putting import Summary


@click.command(
    epilog=example("billstream apply setup.yaml", "billstream apply owner.yaml customers.yaml")
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE...",
)
@command_options
@json_option
@database_option
def apply(
    files: tuple[Path, ...],
    database: str | None,
    as_json: bool,
    command_id: str | None,
    requested_by: str | None,
) -> None:
    """Make the setup as FILE says it (YAML or JSON; - is standard input). Several files are one
    whole.

    Applying the same again changes nothing. If anything is wrong, every error is named with file
    and line, and nothing is applied. A database that is not there is made.
    """
    import gc
    from uuid import uuid4

    from commands.applying import apply_files
    from commands.setup_file import apply_command, read_setup
    from infra import personal_keys
    from infra.composition import open_app
    from infra.settings import settings

    gc.disable()  # a large file makes many objects and no cycles
    read = [_read(path) for path in files]
    setup = read_setup(read)
    command = apply_command(
        read,
        source="cli",
        id=command_id or str(uuid4()),
        requested_by=requested_by or settings().requested_by,
    )
    read.clear()
    try:
        with open_app(database, create=True) as app:
            outcome, summary = apply_files(app.store, command, setup, personal_keys)
    finally:
        gc.enable()
    _show(summary, outcome, as_json)


def _read(path: Path) -> "SetupFile":
    from aggregates.refusal import Refusal
    from commands.setup_file import SetupFile

    if str(path) == "-":
        return SetupFile("standard input", sys.stdin.buffer.read())
    try:
        return SetupFile(str(path), path.read_bytes())
    except OSError as error:
        raise Refusal(
            "file_unreadable", f"{path} cannot be read ({error.strerror}): name another file"
        ) from None


def _show(summary: "Summary", outcome: "Outcome", as_json: bool) -> None:
    from infra.cli.output import Column, print_json, print_table

    counts = {
        section: {"created": t.created, "changed": t.changed, "unchanged": t.unchanged}
        for section, t in summary.items()
    }
    if as_json:
        print_json({"changed": outcome.changed, "sections": counts})
        return
    columns = (
        Column("Section"),
        Column("Created", right=True),
        Column("Changed", right=True),
        Column("Unchanged", right=True),
    )
    rows = ((name.replace("_", " "), *count.values()) for name, count in counts.items())
    before = "This command was applied before: nothing changed."
    print_table(columns, rows, before if outcome.repeated else "The files hold no entries.")
