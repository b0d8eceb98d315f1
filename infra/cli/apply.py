"""`billstream apply FILE…`: make the setup as files say it."""

from pathlib import Path

import click

from infra.cli.options import command_options, database_option, example, json_option


@click.command(epilog=example("billstream apply setup.yaml", "billstream apply owner.yaml a.yaml"))
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
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
    """Make the setup as FILE says it; all files together are one whole. Applying the same again
    changes nothing.
    """
    from uuid import uuid4

    from commands.handling import run_command
    from commands.setup_file import SetupFile, Summary, apply_command, apply_setup, read_setup
    from commands.workspace import Workspace
    from infra import personal_keys
    from infra.composition import open_app
    from infra.settings import settings

    read = [SetupFile(str(path), path.read_bytes()) for path in files]
    setup = read_setup(read)
    summaries: list[Summary] = []

    def body(workspace: Workspace) -> dict[str, str]:
        summaries[:] = [apply_setup(workspace, setup)]
        return {}

    command = apply_command(
        read,
        source="cli",
        id=command_id or str(uuid4()),
        requested_by=requested_by or settings().requested_by,
    )
    with open_app(database, create=True) as app:
        run_command(app.store, command, body, personal_keys)
    _show(summaries[0] if summaries else {}, as_json)


def _show(summary: "dict[str, object]", as_json: bool) -> None:
    from infra.cli.output import Column, print_json, print_table

    rows = {section: (t.created, t.changed, t.unchanged) for section, t in summary.items()}  # type: ignore[attr-defined]
    if as_json:
        names = ("created", "changed", "unchanged")
        print_json({section: dict(zip(names, row, strict=True)) for section, row in rows.items()})
        return
    columns = (
        Column("Section"),
        Column("Created", right=True),
        Column("Changed", right=True),
        Column("Unchanged", right=True),
    )
    table = ((section.replace("_", " "), *row) for section, row in rows.items())
    print_table(columns, table, "Nothing in it: nothing changed.")
